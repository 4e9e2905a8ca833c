package receivers;

import static receivers.Handle.handle;

import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

@RestController
class Fields {
    record Event(String id, String type) {}

    @PostMapping("/fields")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void receive(@RequestBody Event event) {
        handle(Map.of("id", event.id(), "type", event.type()));
    }
}

package receivers;

import static receivers.Handle.handle;

import io.micronaut.core.annotation.Introspected;
import io.micronaut.http.HttpStatus;
import io.micronaut.http.annotation.Body;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Post;
import io.micronaut.http.annotation.Status;
import java.util.Map;

@Controller("/fields")
class Fields {
    @Introspected
    record Event(String id, String type) {}

    @Post
    @Status(HttpStatus.NO_CONTENT)
    void receive(@Body Event event) {
        handle(Map.of("id", event.id(), "type", event.type()));
    }
}

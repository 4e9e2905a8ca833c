package receivers;

import static receivers.Handle.handle;

import io.micronaut.http.HttpStatus;
import io.micronaut.http.annotation.Body;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Post;
import io.micronaut.http.annotation.Status;
import java.util.Map;

@Controller("/defaults")
class Defaults {
    @Post
    @Status(HttpStatus.NO_CONTENT)
    void receive(@Body Map<String, Object> event) {
        handle(event);
    }
}

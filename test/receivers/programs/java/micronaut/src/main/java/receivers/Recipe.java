package receivers;

import static receivers.Handle.handle;

import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import io.micronaut.core.type.Argument;
import io.micronaut.http.HttpRequest;
import io.micronaut.http.HttpResponse;
import io.micronaut.http.MediaType;
import io.micronaut.http.annotation.Body;
import io.micronaut.http.annotation.Consumes;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Post;
import io.micronaut.json.JsonMapper;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Map;

@Controller("/hooks")
class Recipe {
    private final Webhook webhook = new Webhook(System.getenv("SIGNING_SECRET"));
    private final JsonMapper mapper;

    Recipe(JsonMapper mapper) {
        this.mapper = mapper;
    }

    @Post
    @Consumes(MediaType.ALL)
    HttpResponse<Void> receive(@Body byte[] body, HttpRequest<?> request) throws IOException {
        String text = new String(body, StandardCharsets.UTF_8);
        try {
            var headers = HttpHeaders.of(request.getHeaders().asMap(), (name, value) -> true);
            webhook.verify(text, headers);
        } catch (WebhookVerificationException error) {
            return HttpResponse.unauthorized();
        }
        handle(mapper.readValue(body, Argument.mapOf(String.class, Object.class)));
        return HttpResponse.noContent();
    }
}

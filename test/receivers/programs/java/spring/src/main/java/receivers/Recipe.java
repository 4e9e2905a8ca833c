package receivers;

import static receivers.Handle.handle;

import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.springframework.http.ResponseEntity;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

@RestController
class Recipe {
    private final Webhook webhook = new Webhook(System.getenv("SIGNING_SECRET"));
    private final JsonMapper mapper;

    Recipe(JsonMapper mapper) {
        this.mapper = mapper;
    }

    @PostMapping("/hooks")
    ResponseEntity<Void> receive(
            @RequestBody byte[] body, @RequestHeader MultiValueMap<String, String> headers) {
        String text = new String(body, StandardCharsets.UTF_8);
        try {
            webhook.verify(text, HttpHeaders.of(headers, (name, value) -> true));
        } catch (WebhookVerificationException error) {
            return ResponseEntity.status(401).build();
        }
        handle(mapper.readValue(body, new TypeReference<Map<String, Object>>() {}));
        return ResponseEntity.noContent().build();
    }
}

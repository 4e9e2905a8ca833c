package receivers;

import static receivers.Handle.handle;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

class Recipe {
    private static final Webhook WEBHOOK = new Webhook(System.getenv("SIGNING_SECRET"));
    // The second line matters for classes: attributes may be added.
    private static final ObjectMapper MAPPER = new ObjectMapper()
        .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

    static void addTo(JavalinConfig config) {
        config.routes.post("/hooks", Recipe::receive);
    }

    private static void receive(Context context) throws IOException {
        // context.body() has a limit of 1,000,000 bytes.
        byte[] body = context.bodyInputStream().readAllBytes();
        String text = new String(body, StandardCharsets.UTF_8);
        Map<String, List<String>> headers = context.headerMap().entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, entry -> List.of(entry.getValue())));
        try {
            WEBHOOK.verify(text, HttpHeaders.of(headers, (name, value) -> true));
        } catch (WebhookVerificationException error) {
            context.status(401);
            return;
        }
        handle(MAPPER.readValue(body, new TypeReference<Map<String, Object>>() {}));
        context.status(204);
    }
}

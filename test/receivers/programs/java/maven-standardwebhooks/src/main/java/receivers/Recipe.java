package receivers;

import static receivers.Handle.handle;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

class Recipe {
    static void serve() throws Exception {
        Webhook webhook = new Webhook(System.getenv("SIGNING_SECRET"));
        ObjectMapper mapper = new ObjectMapper();
        Server.serve("/hooks", (body, headers) -> {
            String text = new String(body, StandardCharsets.UTF_8);
            try {
                webhook.verify(text, headers);
            } catch (WebhookVerificationException error) {
                return 401;
            }
            handle(mapper.readValue(body, Map.class));
            return 204;
        });
    }
}

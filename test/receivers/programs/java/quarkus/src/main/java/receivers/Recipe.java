package receivers;

import static receivers.Handle.handle;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

@Path("/hooks")
public class Recipe {
    private final Webhook webhook = new Webhook(System.getenv("SIGNING_SECRET"));

    @Inject
    ObjectMapper mapper;

    @POST
    @Consumes("*/*")
    public Response receive(byte[] body, @Context jakarta.ws.rs.core.HttpHeaders headers)
            throws IOException {
        String text = new String(body, StandardCharsets.UTF_8);
        try {
            var all = java.net.http.HttpHeaders.of(headers.getRequestHeaders(), (name, value) -> true);
            webhook.verify(text, all);
        } catch (WebhookVerificationException error) {
            return Response.status(401).build();
        }
        handle(mapper.readValue(body, new TypeReference<Map<String, Object>>() {}));
        return Response.noContent().build();
    }
}

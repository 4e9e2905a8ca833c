package receivers;

import static receivers.Handle.handle;

import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import java.util.Map;

@Path("/fields")
public class Fields {
    public record Event(String id, String type) {}

    @POST
    public void receive(Event event) {
        handle(Map.of("id", event.id(), "type", event.type()));
    }
}

package receivers;

import static receivers.Handle.handle;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import java.util.Map;

@Path("/defaults")
public class Defaults {
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public void receive(Map<String, Object> event) {
        handle(event);
    }
}

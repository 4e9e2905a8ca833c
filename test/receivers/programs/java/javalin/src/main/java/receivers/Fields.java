package receivers;

import static receivers.Handle.handle;

import io.javalin.config.JavalinConfig;
import java.util.Map;

class Fields {
    record Event(String id, String type) {}

    static void addTo(JavalinConfig config) {
        config.routes.post("/fields", context -> {
            Event event = context.bodyAsClass(Event.class);
            handle(Map.of("id", event.id(), "type", event.type()));
            context.status(204);
        });
    }
}

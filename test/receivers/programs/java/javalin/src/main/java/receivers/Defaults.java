package receivers;

import static receivers.Handle.handle;

import io.javalin.config.JavalinConfig;
import java.util.Map;

class Defaults {
    static void addTo(JavalinConfig config) {
        config.routes.post("/defaults", context -> {
            handle(context.bodyAsClass(Map.class));
            context.status(204);
        });
    }
}

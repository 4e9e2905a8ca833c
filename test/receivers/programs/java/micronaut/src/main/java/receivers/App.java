package receivers;

import io.micronaut.runtime.Micronaut;
import java.util.Map;

public class App {
    public static void main(String[] args) {
        Micronaut.build(args)
            .properties(Map.of("micronaut.server.port", System.getenv("PORT")))
            .banner(false)
            .start();
    }
}

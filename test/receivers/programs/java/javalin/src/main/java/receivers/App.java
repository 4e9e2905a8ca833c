package receivers;

import io.javalin.Javalin;

public class App {
    public static void main(String[] args) {
        Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            Defaults.addTo(config);
            Fields.addTo(config);
            Recipe.addTo(config);
        }).start("127.0.0.1", Integer.parseInt(System.getenv("PORT")));
    }
}

package receivers;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.http.HttpHeaders;

/** The server of the JDK, for libraries that are no server. */
public final class Server {
    public interface Receiver {
        /** The status of the response. */
        int receive(byte[] body, HttpHeaders headers) throws Exception;
    }

    public static void serve(String path, Receiver receiver) throws IOException {
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext(path, exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            HttpHeaders headers = HttpHeaders.of(exchange.getRequestHeaders(), (name, value) -> true);
            int status;
            try {
                status = receiver.receive(body, headers);
            } catch (Exception error) {
                status = 400;
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.start();
    }

    private Server() {}
}

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.openapitools.client.ApiClient;
import org.openapitools.client.api.AttentionApi;
import org.openapitools.client.api.EventsApi;
import org.openapitools.client.api.ReplaysApi;
import org.openapitools.client.model.PaymentCreatedEvent;
import org.openapitools.client.model.PostEventsIdReplayRequest;
import org.openapitools.client.model.PostReplaysRequest;
import org.openapitools.client.model.ReplayFilter;
import org.openapitools.client.model.ReplayableState;

public class Calls {
    public static void main(String[] args) throws Exception {
        var id = System.getenv("EVENT");
        var client = new ApiClient();
        client.updateBaseUri(System.getenv("RELAY"));
        client.setRequestInterceptor(
            request -> request.header("authorization", "Bearer " + System.getenv("RELAY_TOKEN")));
        var events = new EventsApi(client);

        var list = events.getEvents(1, null, null, null, List.of("payment.*"), null, null, null, null, null, null, null);
        for (var one : list.getEvents())
            System.out.println("events " + one.getId() + " " + one.getType() + " " + one.getStatus());
        var event = events.getEventsId(id);
        System.out.println("event " + event.getDeliveries().get(0).getState() + " " + event.getRaw().getEncoding());
        var again = events.postEventsIdReplay(id, null, new PostEventsIdReplayRequest().dryRun(true));
        System.out.println("replay " + String.join(",", again.getTargets()));
        var filter = new ReplayFilter().state(List.of(ReplayableState.DELIVERED)).type(List.of("payment.*")).since("1h");
        var plan = new ReplaysApi(client).postReplays(new PostReplaysRequest().filter(filter).dryRun(true), null);
        System.out.println("plan " + plan.getTotal());
        System.out.println("database " + new AttentionApi(client).getAttention().getDatabase().getLimitBytes());

        var body = Files.readString(Path.of(System.getenv("DELIVERY")));
        var payment = client.getObjectMapper().readValue(body, PaymentCreatedEvent.class);
        System.out.println("webhook " + payment.getType() + " " + payment.getData().getContact().getEmail());
    }
}

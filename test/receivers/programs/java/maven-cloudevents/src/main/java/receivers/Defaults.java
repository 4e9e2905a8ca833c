package receivers;

import static receivers.Handle.handle;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.provider.EventFormatProvider;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import java.util.Map;

class Defaults {
    static void serve() throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        Server.serve("/defaults", (body, headers) -> {
            CloudEvent event = HttpMessageFactory.createReaderFromMultimap(headers.map(), body).toEvent();
            byte[] json = EventFormatProvider.getInstance().resolveFormat(JsonFormat.CONTENT_TYPE).serialize(event);
            handle(mapper.readValue(json, Map.class));
            return 204;
        });
    }
}

package receivers;

public class App {
    public static void main(String[] args) throws Exception {
        Defaults.serve();
    }
}

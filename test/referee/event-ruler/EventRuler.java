import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.Machine;

/**
 * Amazon's matcher, asked over standard input: each line is {"pattern": …, "event": …}, and is answered by a line
 * "true", "false", or "refused: why" for a pattern that it does not take.
 */
public final class EventRuler {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] arguments) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(answer(JSON.readTree(line)));
      if (!in.ready()) out.flush();
    }
    out.flush();
  }

  private static String answer(JsonNode question) throws Exception {
    var machine = new Machine();
    try {
      machine.addRule("rule", question.get("pattern").toString());
    } catch (Exception refusal) {
      return "refused: " + String.valueOf(refusal.getMessage()).replaceAll("\\s+", " ");
    }
    return String.valueOf(!machine.rulesForJSONEvent(question.get("event").toString()).isEmpty());
  }
}

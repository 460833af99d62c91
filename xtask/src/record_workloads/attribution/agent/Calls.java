package stagelight;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import javassist.ClassPool;
import javassist.CtBehavior;
import javassist.CtClass;
import javassist.bytecode.CodeIterator;
import javassist.bytecode.ConstPool;
import javassist.bytecode.Opcode;

import org.apache.spark.SparkContext;

/**
 * For programs on the JVM: says for every call of Spark's API that the sources make where it stands, as the launcher does for Python.
 *
 * <p>The line numbers of the bytecode are not those of the methods' names: a call over several lines may have the line of its last argument. What is
 * called is known from the instruction that a frame is at, and the name is looked for around the line.
 */
public final class Calls {
    private static final String SOURCES = System.getenv("STAGELIGHT_SOURCES");

    private static final ThreadLocal<Deque<Object[]>> ENTERED = ThreadLocal.withInitial(ArrayDeque::new);

    private static final ThreadLocal<Boolean> BUSY = ThreadLocal.withInitial(() -> false);

    private static final StackWalker WALKER = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

    /** What the conversions are called that nobody writes down, and what is written after them. */
    private static final Map<String, Pattern> UNWRITTEN = Map.of(
            "localSeqToDatasetHolder", Pattern.compile("\\b(toDF|toDS)\\b"),
            "rddToDatasetHolder", Pattern.compile("\\b(toDF|toDS)\\b"));

    private static final Map<String, List<String>> TEXTS = new HashMap<>();

    private static final Map<Class<?>, CtClass> CLASSES = new HashMap<>();

    private Calls() {}

    /** A public method of the API begins. */
    public static void enter() {
        Object[] before = NOTHING;
        // What this asks of the context is no call of the program.
        boolean busy = BUSY.get();
        BUSY.set(true);
        try {
            before = busy ? NOTHING : begin();
        } catch (Throwable error) {
            // The program may catch it, and the truth would be incomplete without a word.
            error.printStackTrace();
            Runtime.getRuntime().halt(70);
        } finally {
            BUSY.set(busy);
        }
        ENTERED.get().push(before);
    }

    /** Gives what to put back at the end. */
    private static Object[] begin() {
        Deque<Object[]> entered = ENTERED.get();
        scala.Option<SparkContext> context = org.apache.spark.SparkContext$.MODULE$.getActive();
        String site = null;
        if (context.isDefined()) {
            // Without this method and its caller the first is the method of the API; who calls that may be Spark itself.
            List<StackWalker.StackFrame> frames = WALKER.walk(all -> all.skip(2).collect(Collectors.toList()));
            boolean own = frames.size() > 1 && isOfSources(frames.get(1));
            boolean outermost = entered.stream().allMatch(it -> it == NOTHING);
            if (own || outermost) {
                site = site(frames);
            }
        }
        if (site == null) {
            return NOTHING;
        }
        Object[] before = {context.get(), context.get().getLocalProperty(Sites.PROPERTY)};
        context.get().setLocalProperty(Sites.PROPERTY, site);
        return before;
    }

    private static final Object[] NOTHING = new Object[0];

    /** It ends, one way or the other. */
    public static void exit() {
        Object[] before = ENTERED.get().pop();
        if (before != NOTHING) {
            ((SparkContext) before[0]).setLocalProperty(Sites.PROPERTY, (String) before[1]);
        }
    }

    private static boolean isOfSources(StackWalker.StackFrame frame) {
        // `spark-submit` loads the program's jar with a loader of its own.
        ClassLoader loader = frame.getDeclaringClass().getClassLoader();
        return loader != null && loader.getClass().getName().startsWith("org.apache.spark.util.");
    }

    private static synchronized String site(List<StackWalker.StackFrame> frames) {
        List<String> calls = new ArrayList<>();
        String last = null;
        for (StackWalker.StackFrame frame : frames) {
            if (isOfSources(frame)) {
                String call = call(frame);
                // Lambdas and forwarders stand between the call and the method around it.
                if (call != null && !call.equals(last)) {
                    calls.add(call);
                    last = call;
                }
            }
        }
        if (calls.isEmpty()) {
            return null;
        }
        StringBuilder text = new StringBuilder("{").append(calls.get(0));
        if (calls.size() > 1) {
            text.append(",\"path\":[");
            for (int index = calls.size() - 1; index > 0; index--) {
                text.append('{').append(calls.get(index)).append(index > 1 ? "}," : "}");
            }
            text.append(']');
        }
        return text.append('}').toString();
    }

    /** The members of the call that a frame is in, or null if its source has none. */
    private static String call(StackWalker.StackFrame frame) {
        String file = file(frame);
        if (file == null || frame.getLineNumber() < 1) {
            return null;
        }
        String method = invoked(frame);
        if (method == null) {
            return null;
        }
        List<String> text = TEXTS.computeIfAbsent(file, Calls::lines);
        int line = frame.getLineNumber();
        Pattern name = UNWRITTEN.getOrDefault(method, Pattern.compile("(?<![\\w$])(" + Pattern.quote(method) + ")(?![\\w$])"));
        int[] found = find(text, line, name);
        if (found == null) {
            return null;
        }
        Matcher written = name.matcher(text.get(found[0] - 1));
        written.find(found[1]);
        return "\"file\":\"" + file + "\",\"line\":" + found[0] + ",\"method\":\"" + written.group(1) + "\"";
    }

    /** Line and column of the name that a call has around this line. */
    private static int[] find(List<String> text, int line, Pattern name) {
        Matcher at = name.matcher(text.get(line - 1));
        if (at.find()) {
            return new int[] {line, at.start()};
        }
        // A call over several lines has that of an argument.
        for (int above = line - 1; above > Math.max(0, line - 40); above--) {
            Matcher matcher = name.matcher(text.get(above - 1));
            while (matcher.find()) {
                if (closes(text, above, matcher.end()) >= line) {
                    return new int[] {above, matcher.start()};
                }
            }
        }
        // One without arguments has that of its receiver's end.
        for (int below = line + 1; below <= Math.min(text.size(), line + 3); below++) {
            Matcher matcher = name.matcher(text.get(below - 1));
            if (matcher.find()) {
                return new int[] {below, matcher.start()};
            }
        }
        return null;
    }

    /** The line on which the arguments end that begin here, or that of the name if there are none. */
    private static int closes(List<String> text, int line, int column) {
        int depth = 0;
        for (int at = line; at <= text.size(); at++) {
            String here = text.get(at - 1);
            for (int index = at == line ? column : 0; index < here.length(); index++) {
                char c = here.charAt(index);
                if (c == '(' || c == '{' || c == '[') {
                    depth++;
                } else if (c == ')' || c == '}' || c == ']') {
                    depth--;
                    if (depth < 0) {
                        return at;
                    }
                } else if (depth == 0 && c != ' ') {
                    return at;
                }
            }
        }
        return text.size();
    }

    private static String file(StackWalker.StackFrame frame) {
        String name = frame.getFileName();
        if (name == null) {
            return null;
        }
        try (Stream<Path> all = Files.walk(Path.of(SOURCES))) {
            List<Path> named = all.filter(it -> it.getFileName().toString().equals(name)).collect(Collectors.toList());
            return named.size() == 1 ? Path.of(SOURCES).relativize(named.get(0)).toString() : null;
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(SOURCES, file), StandardCharsets.UTF_8);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** The name of the method that the frame is calling. */
    private static String invoked(StackWalker.StackFrame frame) {
        try {
            CtClass of = CLASSES.get(frame.getDeclaringClass());
            if (of == null) {
                Class<?> loaded = frame.getDeclaringClass();
                String resource = "/" + loaded.getName().replace('.', '/') + ".class";
                try (InputStream bytes = loaded.getResourceAsStream(resource)) {
                    of = new ClassPool(true).makeClass(bytes);
                }
                CLASSES.put(loaded, of);
            }
            for (CtBehavior behavior : of.getDeclaredBehaviors()) {
                if (behavior.getMethodInfo().getName().equals(frame.getMethodName())
                        && behavior.getMethodInfo().getDescriptor().equals(frame.getDescriptor())) {
                    CodeIterator code = behavior.getMethodInfo().getCodeAttribute().iterator();
                    ConstPool pool = behavior.getMethodInfo().getConstPool();
                    int at = frame.getByteCodeIndex();
                    int opcode = code.byteAt(at);
                    if (opcode == Opcode.INVOKEINTERFACE) {
                        return decoded(pool.getInterfaceMethodrefName(code.u16bitAt(at + 1)));
                    } else if (opcode == Opcode.INVOKEVIRTUAL) {
                        return decoded(pool.getMethodrefName(code.u16bitAt(at + 1)));
                    } else if (opcode == Opcode.INVOKESTATIC || opcode == Opcode.INVOKESPECIAL) {
                        int index = code.u16bitAt(at + 1);
                        return decoded(pool.getTag(index) == ConstPool.CONST_InterfaceMethodref
                                ? pool.getInterfaceMethodrefName(index)
                                : pool.getMethodrefName(index));
                    }
                }
            }
            return null;
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    private static String decoded(String name) {
        return scala.reflect.NameTransformer.decode(name);
    }
}

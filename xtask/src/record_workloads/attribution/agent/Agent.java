package stagelight;

import java.io.ByteArrayInputStream;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;
import java.util.Set;
import java.util.regex.Pattern;

import javassist.ClassPool;
import javassist.CtClass;
import javassist.CtConstructor;
import javassist.CtField;
import javassist.CtMethod;
import javassist.CtNewMethod;
import javassist.LoaderClassPath;
import javassist.Modifier;

/** Puts calls of {@link Sites} and {@link Witnesses} into classes of Spark while they are loaded. */
public final class Agent implements ClassFileTransformer {
    private static final String NODE = "org/apache/spark/sql/catalyst/trees/TreeNode";

    private final ClassPool pool = new ClassPool(true);

    public static void premain(String argument, Instrumentation instrumentation) {
        instrumentation.addTransformer(new Agent());
    }

    @Override
    public byte[] transform(
            ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain, byte[] bytes) {
        if (name == null || !name.startsWith("org/apache/spark/")) {
            return null;
        }
        try {
            return instrumented(loader, name, bytes);
        } catch (Throwable error) {
            // The loader would swallow it, and the truth would be incomplete without a word.
            error.printStackTrace();
            Runtime.getRuntime().halt(70);
            return null;
        }
    }

    /** Whose public methods are calls of the API, for programs on the JVM. */
    private static final Pattern API = Pattern.compile(
            "org/apache/spark/sql/(classic/)?(Dataset|RelationalGroupedDataset|KeyValueGroupedDataset|DataFrameReader|DataFrameWriter"
                    + "|DataFrameWriterV2|DataFrameNaFunctions|DataFrameStatFunctions|SparkSession|SQLContext|SQLImplicits|DatasetHolder"
                    + "|MergeIntoWriter|DataStreamReader|DataStreamWriter|StreamingQuery)"
                    + "|org/apache/spark/sql/(api|catalog|streaming|internal)/(Catalog|CatalogImpl|DataStreamReader|DataStreamWriter|StreamingQuery)"
                    + "|org/apache/spark/(SparkContext|rdd/(RDD|PairRDDFunctions|OrderedRDDFunctions|DoubleRDDFunctions|AsyncRDDActions"
                    + "|SequenceFileRDDFunctions))"
                    + "|org/apache/spark/ml/.*");

    /** These must not call themselves. */
    private static final Set<String> OWN = Set.of("localProperties", "setLocalProperty", "getLocalProperty", "getCallSite", "stop", "close",
            "queryExecution", "sparkContext", "sparkSession", "sessionState", "sharedState", "conf", "encoder", "exprEnc", "hashCode",
            "toString", "equals", "id", "uid", "env", "context", "log", "logName", "clean", "withScope", "isTraceEnabled");

    private final boolean onJvm = "scala".equals(System.getenv("STAGELIGHT_LANGUAGE"));

    private synchronized byte[] instrumented(ClassLoader loader, String name, byte[] bytes) throws Exception {
        switch (name) {
            case NODE:
                return changed(loader, bytes, it -> {
                    sited(it);
                    for (CtMethod method : it.getDeclaredMethods("copyTagsFrom")) {
                        if (!Modifier.isAbstract(method.getModifiers())) {
                            method.insertAfter("stagelight.Sites.replaced($0, $1);");
                        }
                    }
                });
            case "org/apache/spark/sql/Dataset":
            case "org/apache/spark/sql/classic/Dataset":
                return changed(loader, bytes, it -> {
                    if (!Modifier.isAbstract(it.getModifiers())) {
                        for (CtConstructor constructor : it.getDeclaredConstructors()) {
                            if (constructor.callsSuper()) {
                                constructor.insertAfter("stagelight.Sites.created(this.queryExecution());");
                            }
                        }
                    }
                    entries(it);
                });
            case "org/apache/spark/sql/execution/QueryExecution":
                return changed(loader, bytes, it -> {
                    for (CtMethod method : it.getDeclaredMethods("eagerlyExecuteCommands")) {
                        method.insertBefore("stagelight.Sites.executed($1);");
                        method.insertAfter("stagelight.Sites.executed($_);");
                    }
                });
            case "org/apache/spark/sql/execution/columnar/CachedRDDBuilder":
                return changed(loader, bytes, it -> {
                    sited(it);
                    for (CtConstructor constructor : it.getDeclaredConstructors()) {
                        constructor.insertAfter("stagelight.Sites.cached(this);");
                    }
                    for (CtMethod method : it.getDeclaredMethods("copy")) {
                        method.insertAfter("stagelight.Sites.cachedAgain($0, $_);");
                    }
                });
            case "org/apache/spark/sql/execution/SparkPlanInfo":
                return changed(loader, bytes, it -> {
                    it.addInterface(pool.get("stagelight.Witness"));
                    property(it, "java.lang.String", "stagelightEvidence");
                });
            case "org/apache/spark/sql/execution/SparkPlanInfo$":
                return changed(loader, bytes, it -> {
                    for (String method : new String[] {"fromSparkPlan", "fromLogicalPlan"}) {
                        for (CtMethod made : it.getDeclaredMethods(method)) {
                            made.insertAfter("stagelight.Witnesses.described($1, $_);");
                        }
                    }
                });
            case "org/apache/spark/scheduler/LiveListenerBus":
                return changed(loader, bytes, it -> {
                    for (CtMethod method : it.getDeclaredMethods("post")) {
                        method.insertBefore("stagelight.Witnesses.posted($1);");
                    }
                });
            case "org/apache/spark/sql/execution/command/CreateViewCommand":
                return changed(loader, bytes, it -> {
                    for (CtMethod method : it.getDeclaredMethods("run")) {
                        method.insertBefore("stagelight.Sites.viewed(this.name());");
                    }
                    copies(it);
                });
            case "org/apache/spark/sql/execution/datasources/CreateTempViewUsing":
                return changed(loader, bytes, it -> {
                    for (CtMethod method : it.getDeclaredMethods("run")) {
                        method.insertBefore("stagelight.Sites.viewedRelation(this.tableIdent());");
                    }
                    copies(it);
                });
            default:
                if (onJvm && API.matcher(name).matches()) {
                    return changed(loader, bytes, this::entries);
                }
                if (name.startsWith("org/apache/spark/sql/catalyst/optimizer/")) {
                    return rule(loader, bytes);
                }
                return name.startsWith("org/apache/spark/sql/") ? copying(loader, bytes) : null;
        }
    }

    /** Nodes are case classes: what `copy` gives was asked for by who asked for the original. */
    private byte[] copying(ClassLoader loader, byte[] bytes) throws Exception {
        CtClass loaded = loaded(loader, bytes);
        try {
            if (loaded.getDeclaredMethods("copy").length == 0 || !isNode(loaded)) {
                return null;
            }
            copies(loaded);
            return loaded.toBytecode();
        } finally {
            loaded.detach();
        }
    }

    /** Not every rule says which node it replaces. */
    private byte[] rule(ClassLoader loader, byte[] bytes) throws Exception {
        CtClass loaded = loaded(loader, bytes);
        try {
            String plan = "Lorg/apache/spark/sql/catalyst/plans/logical/LogicalPlan;";
            boolean changed = false;
            for (CtMethod method : loaded.getDeclaredMethods("apply")) {
                if (method.getSignature().equals("(" + plan + ")" + plan)
                        && !Modifier.isAbstract(method.getModifiers())
                        && !Modifier.isStatic(method.getModifiers())) {
                    method.insertAfter("stagelight.Sites.replaced($_, $1);");
                    changed = true;
                }
            }
            if (loaded.getDeclaredMethods("copy").length > 0 && isNode(loaded)) {
                copies(loaded);
                changed = true;
            }
            return changed ? loaded.toBytecode() : null;
        } finally {
            loaded.detach();
        }
    }

    private static void copies(CtClass loaded) throws Exception {
        for (CtMethod method : loaded.getDeclaredMethods("copy")) {
            if (!Modifier.isStatic(method.getModifiers())
                    && !Modifier.isAbstract(method.getModifiers())
                    && method.getReturnType().getName().equals(loaded.getName())) {
                method.insertAfter("stagelight.Sites.copied($0, $_);");
            }
        }
    }

    /** Public methods say where they are called from. */
    private void entries(CtClass loaded) throws Exception {
        if (!onJvm || loaded.isInterface()) {
            return;
        }
        for (CtMethod method : loaded.getDeclaredMethods()) {
            int modifiers = method.getModifiers();
            boolean called = Modifier.isPublic(modifiers) && !Modifier.isStatic(modifiers) && !Modifier.isAbstract(modifiers);
            String name = method.getName();
            boolean asks = name.startsWith("is") && !name.equals("isEmpty");
            if (called && !name.contains("$") && !OWN.contains(name) && !asks) {
                method.insertBefore("stagelight.Calls.enter();");
                method.insertAfter("stagelight.Calls.exit();", true);
            }
        }
    }

    private static boolean isNode(CtClass loaded) throws Exception {
        for (CtClass up = loaded; up != null; up = up.getSuperclass()) {
            if (up.getName().equals(NODE.replace('/', '.'))) {
                return true;
            }
        }
        return false;
    }

    private interface Change {
        void make(CtClass loaded) throws Exception;
    }

    private byte[] changed(ClassLoader loader, byte[] bytes, Change change) throws Exception {
        CtClass loaded = loaded(loader, bytes);
        try {
            change.make(loaded);
            return loaded.toBytecode();
        } finally {
            loaded.detach();
        }
    }

    private CtClass loaded(ClassLoader loader, byte[] bytes) throws Exception {
        if (known != loader) {
            known = loader;
            pool.appendClassPath(new LoaderClassPath(loader));
        }
        return pool.makeClass(new ByteArrayInputStream(bytes), false);
    }

    private ClassLoader known;

    private void sited(CtClass loaded) throws Exception {
        loaded.addInterface(pool.get("stagelight.Sited"));
        property(loaded, "java.lang.String[]", "stagelightSites");
        property(loaded, "boolean", "stagelightSettled");
    }

    private static void property(CtClass loaded, String type, String name) throws Exception {
        loaded.addField(CtField.make("private transient " + type + " " + name + ";", loaded));
        loaded.addMethod(CtNewMethod.make("public " + type + " " + name + "() { return this." + name + "; }", loaded));
        loaded.addMethod(CtNewMethod.make(
                "public void " + name + "(" + type + " value) { this." + name + " = value; }", loaded));
    }
}

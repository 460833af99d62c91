package stagelight;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.IsNotNull;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.execution.FilterExec;
import org.apache.spark.sql.execution.GenerateExec;
import org.apache.spark.sql.execution.SortExec;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.SparkPlanInfo;
import org.apache.spark.sql.execution.adaptive.LogicalQueryStage;
import org.apache.spark.sql.execution.aggregate.BaseAggregateExec;
import org.apache.spark.sql.execution.columnar.InMemoryTableScanExec;
import org.apache.spark.sql.execution.exchange.ReusedExchangeExec;
import org.apache.spark.sql.execution.exchange.ShuffleExchangeLike;
import org.apache.spark.sql.execution.joins.BaseJoinExec;
import org.apache.spark.sql.execution.ui.SparkListenerSQLAdaptiveExecutionUpdate;
import org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart;
import org.apache.spark.sql.catalyst.plans.physical.RangePartitioning;

/** Writes a side file along the log: who asked for each execution and job, and what is known of each node of each plan that is logged. */
public final class Witnesses {
    private static final Path FILE = Path.of(System.getenv("STAGELIGHT_EVIDENCE"));

    private Witnesses() {}

    /** A node, physical or logical, was described for the log. */
    public static void described(Object node, Object info) {
        StringBuilder text = new StringBuilder("{");
        member(text, "class", node.getClass().getSimpleName());
        if (node instanceof LogicalPlan) {
            sites(text, "link", Sites.of(node));
        } else {
            physical(text, (SparkPlan) node);
        }
        ((Witness) info).stagelightEvidence(text.append('}').toString());
    }

    private static void physical(StringBuilder text, SparkPlan plan) {
        text.append(",\"id\":").append(plan.id());
        scala.Option<LogicalPlan> link = plan.logicalLink();
        if (link.isDefined()) {
            LogicalPlan logical = link.get();
            // What a finished stage stands for.
            while (logical instanceof LogicalQueryStage) {
                logical = ((LogicalQueryStage) logical).logicalPlan();
            }
            boolean own = plan.getTagValue(SparkPlan.LOGICAL_PLAN_TAG()).isDefined();
            text.append(",\"own\":").append(own);
            text.append(',');
            member(text, "logical", logical.getClass().getSimpleName());
            sites(text, "link", Sites.of(logical));
            if (plan.children().isEmpty()) {
                sites(text, "leaf", leaf(logical));
            }
            if (plan instanceof FilterExec) {
                sites(text, "filters", filters(logical));
            }
            if (plan.getClass().getSimpleName().equals("TakeOrderedAndProjectExec")) {
                sites(text, "sort", sort(logical));
            }
        }
        List<Expression> parts = new ArrayList<>();
        if (plan instanceof FilterExec) {
            Sites.conjuncts(((FilterExec) plan).condition(), parts);
        } else if (link.isDefined() && link.get() instanceof Join) {
            Join join = (Join) link.get();
            if (join.condition().isDefined()) {
                Sites.conjuncts(join.condition().get(), parts);
            }
        } else if (plan instanceof ShuffleExchangeLike
                && plan.outputPartitioning() instanceof RangePartitioning) {
            for (Expression it : Sites.iterable(((RangePartitioning) plan.outputPartitioning()).ordering())) {
                parts.add(it);
            }
        } else {
            for (Expression it : Sites.iterable(plan.expressions())) {
                parts.add(it);
            }
        }
        // What conditions that the optimiser adds are about, and who may need them.
        List<Attribute> references = new ArrayList<>();
        if (plan instanceof BaseJoinExec || plan instanceof BaseAggregateExec || plan instanceof GenerateExec) {
            references.addAll(attributes(plan.references()));
        }
        text.append(",\"expressions\":[");
        boolean first = true;
        for (Expression part : parts) {
            if (part instanceof Attribute) {
                continue;
            }
            text.append(first ? "{" : ",{");
            first = false;
            member(text, "class", part.getClass().getSimpleName());
            if (plan instanceof FilterExec) {
                String[] asked = Sites.condition(part);
                if (asked == null) {
                    references.addAll(attributes(part.references()));
                }
                sites(text, "sites", asked);
            } else {
                sites(text, "sites", part instanceof IsNotNull ? Sites.of(part) : Sites.first(part));
            }
            text.append('}');
        }
        text.append(']');
        if (!references.isEmpty()) {
            String numbers = references.stream().map(it -> Long.toString(it.exprId().id())).collect(Collectors.joining(","));
            text.append(",\"references\":[").append(numbers).append(']');
        }
        if (plan instanceof BaseAggregateExec) {
            text.append(",\"grouped\":").append(!((BaseAggregateExec) plan).groupingExpressions().isEmpty());
        }
        if (plan instanceof SortExec) {
            text.append(",\"global\":").append(((SortExec) plan).global());
        }
        if (plan instanceof ShuffleExchangeLike) {
            text.append(',');
            member(text, "origin", ((ShuffleExchangeLike) plan).shuffleOrigin().toString());
            text.append(",\"range\":").append(plan.outputPartitioning() instanceof RangePartitioning);
        }
        if (plan instanceof ReusedExchangeExec) {
            text.append(",\"reused\":").append(((ReusedExchangeExec) plan).child().id());
        }
        if (plan instanceof InMemoryTableScanExec) {
            Object builder = ((InMemoryTableScanExec) plan).relation().cacheBuilder();
            sites(text, "cache", ((Sited) builder).stagelightSites());
        }
    }

    private static List<Attribute> attributes(AttributeSet set) {
        List<Attribute> all = new ArrayList<>();
        scala.collection.Iterator<Attribute> items = set.iterator();
        while (items.hasNext()) {
            all.add(items.next());
        }
        return all;
    }

    /** A scan is planned together with the filters and projections above it: its relation is the one leaf below them. */
    private static String[] leaf(LogicalPlan plan) {
        LogicalPlan at = plan;
        while (at.children().size() == 1) {
            at = (LogicalPlan) at.children().head();
        }
        return at.children().isEmpty() ? Sites.of(at) : null;
    }

    /** The filters that are planned together. */
    private static String[] filters(LogicalPlan plan) {
        if (plan instanceof Filter) {
            return Sites.of(plan);
        }
        String[] found = null;
        LogicalPlan at = plan;
        while (at instanceof Project || at instanceof Filter) {
            if (at instanceof Filter) {
                found = Sites.merged(found, Sites.of(at));
            }
            at = (LogicalPlan) at.children().head();
        }
        return found;
    }

    /** The sort of a limit that is planned together with it. */
    private static String[] sort(LogicalPlan plan) {
        LogicalPlan at = plan;
        while (!(at instanceof org.apache.spark.sql.catalyst.plans.logical.Sort)) {
            if (at.children().size() != 1) {
                return null;
            }
            at = (LogicalPlan) at.children().head();
        }
        return Sites.of(at);
    }

    /** An event is on its way to the log. */
    public static void posted(SparkListenerEvent event) {
        if (event instanceof SparkListenerSQLExecutionStart) {
            SparkListenerSQLExecutionStart start = (SparkListenerSQLExecutionStart) event;
            plan("start", start.executionId(), start.sparkPlanInfo());
        } else if (event instanceof SparkListenerSQLAdaptiveExecutionUpdate) {
            SparkListenerSQLAdaptiveExecutionUpdate update = (SparkListenerSQLAdaptiveExecutionUpdate) event;
            plan("update", update.executionId(), update.sparkPlanInfo());
        } else if (event instanceof SparkListenerJobStart) {
            SparkListenerJobStart start = (SparkListenerJobStart) event;
            String site = start.properties() == null ? null : start.properties().getProperty(Sites.PROPERTY);
            write("{\"event\":\"job\",\"job\":" + start.jobId() + ",\"site\":" + (site == null ? "null" : site) + "}");
        }
    }

    private static void plan(String event, long execution, SparkPlanInfo info) {
        String site = Sites.current();
        StringBuilder text = new StringBuilder("{\"event\":\"" + event + "\",\"execution\":" + execution);
        text.append(",\"site\":").append(site == null ? "null" : site).append(",\"nodes\":[");
        node(text, info, 0);
        write(text.append("]}").toString());
    }

    private static void node(StringBuilder text, SparkPlanInfo info, int depth) {
        text.append(depth == 0 ? "{" : ",{");
        member(text, "name", info.nodeName());
        text.append(",\"depth\":").append(depth);
        // What can't be analysed has an empty plan.
        String evidence = ((Witness) (Object) info).stagelightEvidence();
        text.append(",\"evidence\":").append(evidence == null ? "{\"class\":\"\"}" : evidence).append('}');
        for (SparkPlanInfo child : Sites.iterable(info.children())) {
            node(text, child, depth + 1);
        }
    }

    private static synchronized void write(String line) {
        try {
            Files.write(FILE, (line + "\n").getBytes(StandardCharsets.UTF_8), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** A site is JSON already. */
    private static void sites(StringBuilder text, String name, String[] sites) {
        if (sites != null) {
            text.append(",\"").append(name).append("\":[").append(String.join(",", sites)).append(']');
        }
    }

    private static void member(StringBuilder text, String name, String value) {
        text.append('"').append(name).append("\":\"").append(escaped(value)).append('"');
    }

    private static String escaped(String text) {
        StringBuilder escaped = new StringBuilder();
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                escaped.append('\\').append(c);
            } else if (c < ' ') {
                escaped.append(String.format("\\u%04x", (int) c));
            } else {
                escaped.append(c);
            }
        }
        return escaped.toString();
    }
}

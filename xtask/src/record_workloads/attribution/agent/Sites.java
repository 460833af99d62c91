package stagelight;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.apache.spark.SparkContext;
import org.apache.spark.sql.catalyst.TableIdentifier;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.IsNotNull;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.Sort;
import org.apache.spark.sql.catalyst.plans.logical.SubqueryAlias;
import org.apache.spark.sql.catalyst.plans.logical.TypedFilter;
import org.apache.spark.sql.catalyst.plans.logical.Union;
import org.apache.spark.sql.catalyst.plans.logical.View;
import org.apache.spark.sql.execution.QueryExecution;
import org.apache.spark.sql.execution.adaptive.LogicalQueryStage;

/**
 * Gives nodes of logical plans, and the expressions in them, the site of the call that made them, and keeps it while rules rewrite the plans.
 *
 * <p>A node gets its site when the first Dataset that has it is made. Rules then copy nodes (the copy keeps the site), or replace a
 * part of a tree: a new node without a site takes that of a node of its class that went away.
 */
public final class Sites {
    /** The local property that holds the site of the call at hand. */
    static final String PROPERTY = "stagelight.truth";

    private static final Map<String, String[]> VIEWS = new ConcurrentHashMap<>();

    /** Who made the views that are one relation. */
    private static final Map<String, String[]> RELATIONS = new ConcurrentHashMap<>();

    /** The sites of calls that ask for conditions. */
    private static final Set<String> CONDITIONS = ConcurrentHashMap.newKeySet();

    private Sites() {}

    /** The site of the call that this thread works for, or null. */
    static String current() {
        scala.Option<SparkContext> context = org.apache.spark.SparkContext$.MODULE$.getActive();
        return context.isDefined() ? context.get().getLocalProperty(PROPERTY) : null;
    }

    /** A Dataset was made. */
    public static void created(QueryExecution execution) {
        String site = current();
        if (site == null) {
            return;
        }
        root(execution.analyzed(), site);
    }

    /** Commands are about to be run, or were, and what they gave stands in their place. */
    public static void executed(Object plan) {
        String site = current();
        if (site != null) {
            root((LogicalPlan) plan, site);
        }
    }

    private static void root(LogicalPlan plan, String site) {
        String[] sites = {site};
        // `union` merges unions below it at once, so that an inner one is a part of this node.
        if (plan instanceof Union && !settled(plan) && of(plan) != null) {
            set(plan, merged(of(plan), sites));
        }
        tag(plan, sites);
    }

    /** A view was made by SQL text, or of a Dataset. */
    public static void viewed(TableIdentifier name) {
        String site = current();
        if (site != null) {
            VIEWS.put(name.table(), new String[] {site});
            RELATIONS.remove(name.table());
        }
    }

    /** A view was made of a data source: what it reads has no site when the first query is made. */
    public static void viewedRelation(TableIdentifier name) {
        String site = current();
        if (site != null) {
            RELATIONS.put(name.table(), new String[] {site});
        }
    }

    /** A plan was marked to be cached. */
    public static void cached(Object builder) {
        String site = current();
        if (site != null) {
            ((Sited) builder).stagelightSites(new String[] {site});
        }
    }

    /** A cached plan is to be computed anew, since what it reads was changed. */
    public static void cachedAgain(Object original, Object copy) {
        ((Sited) copy).stagelightSites(((Sited) original).stagelightSites());
    }

    /** A case class was copied. */
    public static void copied(Object original, Object copy) {
        if (original != copy && of(copy) == null) {
            set(copy, of(original));
        }
    }

    /** A rule, or a copy with other children, put the one tree in the place of the other. */
    public static void replaced(Object node, Object original) {
        if (node == original) {
            return;
        }
        if (node instanceof Expression) {
            if (of(node) == null) {
                set(node, of(original));
            }
            return;
        }
        if (!(node instanceof LogicalPlan) || !(original instanceof LogicalPlan)) {
            return;
        }
        LogicalPlan now = (LogicalPlan) node;
        LogicalPlan before = (LogicalPlan) original;
        if (now.getClass() == before.getClass() && of(now) == null && now.children().isEmpty()) {
            set(now, of(before));
            return;
        }
        if (before.getClass().getSimpleName().startsWith("Streaming") && of(before) != null) {
            // What a stream reads in this batch is planned by the stream's own thread.
            for (LogicalPlan it : inOrder(now)) {
                set(it, of(before));
            }
            return;
        }
        if (before instanceof SubqueryAlias
                && !((SubqueryAlias) before).identifier().qualifier().isEmpty()
                && now.children().isEmpty()
                && of(before) != null) {
            // The catalogue gives all who ask for a table the same relation; its name in the plan is their own.
            set(now, of(before));
            return;
        }
        if (of(before) == null) {
            // What replaces a new node is new itself: it gets its site when its Dataset is made.
            return;
        }
        Map<LogicalPlan, Boolean> kept = new IdentityHashMap<>();
        nodes(now, kept);
        List<LogicalPlan> fresh = new ArrayList<>();
        for (LogicalPlan it : inOrder(now)) {
            if (of(it) == null) {
                fresh.add(it);
            }
        }
        if (fresh.isEmpty()) {
            return;
        }
        Map<LogicalPlan, Boolean> known = new IdentityHashMap<>();
        List<LogicalPlan> gone = new ArrayList<>();
        for (LogicalPlan it : inOrder(before)) {
            known.put(it, true);
            if (!kept.containsKey(it)) {
                gone.add(it);
            }
        }
        // What is there with other children is not gone.
        for (LogicalPlan it : inOrder(now)) {
            if (!known.containsKey(it) && of(it) != null) {
                for (int index = 0; index < gone.size(); index++) {
                    LogicalPlan other = gone.get(index);
                    if (other.getClass() == it.getClass() && Arrays.equals(of(other), of(it))) {
                        gone.remove(index);
                        break;
                    }
                }
            }
        }
        for (LogicalPlan it : fresh) {
            inherit(it, gone, before);
        }
    }

    private static void inherit(LogicalPlan fresh, List<LogicalPlan> gone, LogicalPlan before) {
        List<LogicalPlan> alike = new ArrayList<>();
        for (LogicalPlan it : gone) {
            if (it.getClass() == fresh.getClass()) {
                alike.add(it);
            }
        }
        if (fresh instanceof Filter && alike.isEmpty()) {
            for (LogicalPlan it : gone) {
                if (it instanceof TypedFilter && of(it) != null) {
                    set(fresh, of(it));
                    set(((Filter) fresh).condition(), of(it));
                }
            }
        } else if (fresh instanceof Union || fresh instanceof Project) {
            String[] all = null;
            for (LogicalPlan it : alike) {
                all = merged(all, of(it));
            }
            set(fresh, all);
        } else if (alike.size() == 1) {
            set(fresh, of(alike.get(0)));
        } else if (alike.size() > 1) {
            // Joins in another order: each goes with its condition.
            Set<String> asked = new LinkedHashSet<>();
            for (Expression it : iterable(fresh.expressions())) {
                asked.addAll(Arrays.asList(orNone(first(it))));
            }
            for (LogicalPlan it : alike) {
                if (of(it) != null && asked.containsAll(Arrays.asList(of(it)))) {
                    set(fresh, of(it));
                    return;
                }
            }
            set(fresh, of(alike.get(0)));
        } else if (!(fresh instanceof LogicalQueryStage)
                // Of a partitioned write.
                && !(fresh instanceof Sort)) {
            // `distinct` as an aggregate, `intersect` as a join, a relation as what it reads in this batch, …
            LogicalPlan from = before;
            for (LogicalPlan it : gone) {
                if (of(it) != null) {
                    from = it;
                    break;
                }
            }
            set(fresh, of(from));
        }
    }

    /**
     * Gives the new nodes at the top of a plan a site. What an earlier Dataset has was there before. A new node may have a site already, if it
     * is a changed copy.
     */
    private static void tag(LogicalPlan plan, String[] sites) {
        if (settled(plan)) {
            return;
        }
        ((Sited) (Object) plan).stagelightSettled(true);
        boolean isNew = of(plan) == null;
        if (isNew) {
            set(plan, sites);
        }
        for (Expression top : iterable(plan.expressions())) {
            List<Expression> parts = new ArrayList<>();
            if (plan instanceof Filter || plan instanceof Join) {
                conjuncts(top, parts);
            } else {
                parts.add(top);
            }
            if (isNew && (plan instanceof Filter || plan instanceof Join)) {
                CONDITIONS.addAll(Arrays.asList(sites));
            }
            for (Expression part : parts) {
                // A column object that several calls use.
                if (isNew && of(part) != null && !isShared(part)) {
                    set(part, merged(of(part), sites));
                }
            }
            tagExpressions(top, of(plan));
        }
        String[] below = sites;
        if (plan instanceof View) {
            String name = ((View) plan).desc().identifier().table();
            String[] view = VIEWS.get(name);
            below = RELATIONS.getOrDefault(name, view == null ? sites : merged(view, sites));
        }
        for (LogicalPlan child : iterable(plan.children())) {
            tag(child, below);
        }
        for (Object inner : iterable((scala.collection.Iterable<?>) plan.innerChildren())) {
            if (inner instanceof LogicalPlan) {
                tag((LogicalPlan) inner, below);
            }
        }
    }

    private static void tagExpressions(Expression expression, String[] sites) {
        if (isShared(expression)) {
            return;
        }
        if (of(expression) == null) {
            set(expression, sites);
        }
        if (expression instanceof org.apache.spark.sql.catalyst.expressions.PlanExpression) {
            Object plan = ((org.apache.spark.sql.catalyst.expressions.PlanExpression<?>) expression).plan();
            if (plan instanceof LogicalPlan) {
                tag((LogicalPlan) plan, sites);
            }
        }
        for (Expression child : iterable(expression.children())) {
            tagExpressions(child, sites);
        }
    }

    /** Columns and literals are the same objects wherever they are used. */
    private static boolean isShared(Expression expression) {
        return expression instanceof Attribute || expression instanceof Literal;
    }

    static void conjuncts(Expression expression, List<Expression> found) {
        if (expression instanceof And) {
            conjuncts(((And) expression).left(), found);
            conjuncts(((And) expression).right(), found);
        } else {
            found.add(expression);
        }
    }

    /** The sites of an expression, or of the first in it that has any. */
    static String[] first(Expression expression) {
        if (of(expression) != null) {
            return of(expression);
        }
        for (Expression child : iterable(expression.children())) {
            String[] found = first(child);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /**
     * The sites of a condition of a filter. One that the optimiser adds has none, even if it is about an expression of the user's: what defines a
     * column asks for no filter.
     */
    static String[] condition(Expression condition) {
        String[] found = of(condition);
        if (found != null || condition instanceof IsNotNull) {
            return found;
        }
        found = first(condition);
        return found != null && CONDITIONS.containsAll(Arrays.asList(found)) ? found : null;
    }

    static String[] of(Object node) {
        return ((Sited) node).stagelightSites();
    }

    private static void set(Object node, String[] sites) {
        ((Sited) node).stagelightSites(sites);
    }

    private static boolean settled(Object node) {
        return ((Sited) node).stagelightSettled();
    }

    private static String[] orNone(String[] sites) {
        return sites == null ? new String[0] : sites;
    }

    static String[] merged(String[] some, String[] others) {
        Set<String> all = new LinkedHashSet<>(Arrays.asList(orNone(some)));
        all.addAll(Arrays.asList(orNone(others)));
        return all.isEmpty() ? null : all.toArray(new String[0]);
    }

    private static void nodes(LogicalPlan plan, Map<LogicalPlan, Boolean> found) {
        found.put(plan, true);
        for (LogicalPlan child : iterable(plan.children())) {
            nodes(child, found);
        }
    }

    private static List<LogicalPlan> inOrder(LogicalPlan plan) {
        List<LogicalPlan> found = new ArrayList<>();
        collect(plan, found);
        return found;
    }

    private static void collect(LogicalPlan plan, List<LogicalPlan> found) {
        found.add(plan);
        for (LogicalPlan child : iterable(plan.children())) {
            collect(child, found);
        }
    }

    /** A Scala collection of any version. */
    static <T> Iterable<T> iterable(scala.collection.Iterable<T> collection) {
        scala.collection.Iterator<T> items = collection.iterator();
        List<T> all = new ArrayList<>();
        while (items.hasNext()) {
            all.add(items.next());
        }
        return all;
    }
}

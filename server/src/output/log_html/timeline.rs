//! Jobs, stages and executors over time, as lanes of one picture.

use analysis::units::duration_ms;
use eventlog::{JobStatus, Profile, StageStatus};
use maud::{Markup, html};

/// Width of the picture in its own units, and of the names at its left.
const WIDTH: f64 = 1000.0;
const NAMES: f64 = 80.0;

/// Height of a lane, and of what is drawn in it.
const LANE: f64 = 13.0;
const BAR: f64 = 10.0;

/// Lanes of one kind; bars that find none are counted below the picture.
const LANES: usize = 40;

/// Bars of one kind: a picture of more is slow to draw and shows nothing.
const BARS: usize = 4_000;

/// Something that began and ended.
struct Span {
    from: i64,
    to: i64,
    class: &'static str,
    title: String,
    link: Option<String>,
}

/// Bars of one kind, packed into as few lanes as they need.
struct Band {
    name: &'static str,
    lanes: Vec<Vec<Span>>,
    left_out: usize,
}

pub(super) fn section(profile: &Profile) -> Markup {
    let start = profile.application.start_ms;
    let end =
        profile.application.end_ms.unwrap_or(profile.application.last_event_ms).max(start + 1);
    let bands = [
        Band::pack("jobs", jobs(profile, end)),
        Band::pack("stages", stages(profile, end)),
        Band::pack("executors", executors(profile, end)),
    ];
    let left_out: usize = bands.iter().map(|band| band.left_out).sum();
    let lanes: usize = bands.iter().map(|band| band.lanes.len() + 1).sum();
    #[expect(clippy::cast_precision_loss, reason = "positions in a picture")]
    let height = (lanes as f64 + 2.0) * LANE;
    html! {
        section #timeline {
            h2 { "Timeline" }
            svg.timeline viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label="jobs, stages and executors over time" {
                (ticks(start, end, height))
                (drawn(&bands, start, end))
            }
            @if left_out > 0 { p.hint { (left_out) " more did not fit" } }
        }
    }
}

fn drawn(bands: &[Band], start: i64, end: i64) -> Markup {
    let mut top = LANE;
    html! {
        @for band in bands {
            text x="0" y=(format!("{:.1}", top + BAR)) class="name" { (band.name) }
            @for lane in &band.lanes {
                @for span in lane { (bar(span, top, start, end)) }
                ({ top += LANE; "" })
            }
            ({ top += LANE; "" })
        }
    }
}

fn bar(span: &Span, top: f64, start: i64, end: i64) -> Markup {
    let (from, to) = (at(span.from, start, end), at(span.to, start, end));
    // Even the shortest can be seen and pointed at.
    let width = (to - from).max(0.8);
    let rect = html! {
        rect class=(span.class) x=(format!("{from:.2}")) y=(format!("{top:.1}")) width=(format!("{width:.2}")) height=(BAR) rx="1.5" {
            title { (span.title) }
        }
    };
    match &span.link {
        Some(link) => html! { a href=(link) { (rect) } },
        None => rect,
    }
}

fn at(time: i64, start: i64, end: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "positions in a picture")]
    let share = (time.clamp(start, end) - start) as f64 / (end - start) as f64;
    NAMES + share * (WIDTH - NAMES)
}

/// Lines at round times.
fn ticks(start: i64, end: i64, height: f64) -> Markup {
    let step = step(u64::try_from(end - start).unwrap_or(1));
    let times = (0..=12).map(|n| n * step).take_while(|ms| start + *ms <= end);
    html! {
        @for ms in times {
            @let x = format!("{:.2}", at(start + ms, start, end));
            line.tick x1=(x) x2=(x) y1="8" y2=(format!("{height:.1}")) {}
            text.tick x=(x) y="7" { (duration_ms(u64::try_from(ms).unwrap_or(0))) }
        }
    }
}

/// A round number of milliseconds of which at most twelve fit into a span.
fn step(span_ms: u64) -> i64 {
    const STEPS: [i64; 16] = [
        100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000,
        1_800_000, 3_600_000, 7_200_000, 21_600_000,
    ];
    let wanted = i64::try_from(span_ms / 10).unwrap_or(i64::MAX);
    STEPS
        .into_iter()
        .find(|step| *step >= wanted)
        .unwrap_or_else(|| (wanted / 86_400_000 + 1).saturating_mul(86_400_000))
}

impl Band {
    fn pack(name: &'static str, mut spans: Vec<Span>) -> Self {
        spans.sort_by_key(|span| (span.from, span.to));
        let mut band = Self { name, lanes: Vec::new(), left_out: spans.len().saturating_sub(BARS) };
        for span in spans.into_iter().take(BARS) {
            let is_free = |lane: &Vec<Span>| lane.last().is_none_or(|last| last.to <= span.from);
            match band.lanes.iter().position(is_free) {
                Some(lane) => band.lanes[lane].push(span),
                None if band.lanes.len() < LANES => band.lanes.push(vec![span]),
                None => band.left_out += 1,
            }
        }
        band
    }
}

fn jobs(profile: &Profile, end: i64) -> Vec<Span> {
    let spans = profile.jobs.iter().map(|job| {
        let to = job.completion_ms.unwrap_or(end);
        let (class, how) = match job.status {
            JobStatus::Succeeded => ("job", ""),
            JobStatus::Failed => ("failed", ", failed"),
            JobStatus::Running => ("open", ", no end in the log"),
        };
        Span {
            from: job.submission_ms,
            to,
            class,
            title: format!(
                "job {}{how}: {} · {}",
                job.job_id,
                took(job.submission_ms, to),
                job.call_site.short
            ),
            link: job.execution_id.map(|id| format!("#execution-{id}")),
        }
    });
    spans.collect()
}

fn stages(profile: &Profile, end: i64) -> Vec<Span> {
    let spans = profile.stages.iter().filter_map(|stage| {
        let from = stage.submission_ms?;
        let to = stage.completion_ms.unwrap_or(end);
        let class = match stage.status {
            StageStatus::Complete => "stage",
            StageStatus::Failed => "failed",
            StageStatus::Active => "open",
        };
        Some(Span {
            from,
            to,
            class,
            title: format!(
                "stage {}: {}, {} tasks, {} task time · {}",
                super::stages::label(stage.stage_id, stage.attempt_id),
                took(from, to),
                stage.num_tasks,
                duration_ms(stage.metrics.executor_run_time),
                stage.name
            ),
            link: Some(format!("#stage-{}-{}", stage.stage_id, stage.attempt_id)),
        })
    });
    spans.collect()
}

fn executors(profile: &Profile, end: i64) -> Vec<Span> {
    let spans = profile.executors.iter().map(|executor| {
        let to = executor.removed_ms.unwrap_or(end);
        let why =
            executor.removed_reason.as_deref().map(|why| format!(" · {why}")).unwrap_or_default();
        Span {
            from: executor.added_ms,
            to,
            class: "executor",
            title: format!(
                "executor {} on {}, {} cores{why}",
                executor.id, executor.host, executor.total_cores
            ),
            link: Some("#executors".to_owned()),
        }
    });
    spans.collect()
}

fn took(from: i64, to: i64) -> String {
    duration_ms(u64::try_from(to.saturating_sub(from)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, to: i64) -> Span {
        Span { from, to, class: "job", title: String::new(), link: None }
    }

    #[test]
    fn spans_that_overlap_go_into_lanes_of_their_own() {
        let band = Band::pack("jobs", vec![span(5, 9), span(0, 5), span(1, 2), span(9, 9)]);
        let lanes: Vec<Vec<i64>> =
            band.lanes.iter().map(|lane| lane.iter().map(|span| span.from).collect()).collect();
        assert_eq!(lanes, [vec![0, 5, 9], vec![1]]);
        let many = (0..100).map(|_| span(0, 1)).collect();
        assert_eq!(Band::pack("jobs", many).left_out, 60);
    }

    #[test]
    fn ticks_are_round_and_few() {
        for span_ms in [1, 999, 61_000, 86_400_000, 40 * 86_400_000, u64::MAX] {
            assert!(step(span_ms) > 0);
            assert!(
                span_ms / u64::try_from(step(span_ms)).unwrap_or(1) <= 12 || span_ms == u64::MAX
            );
        }
        assert_eq!((step(46_000), step(60_000)), (5_000, 10_000));
    }
}

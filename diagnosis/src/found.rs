//! A diagnosis in the making, with what it weighs.

use crate::run::Run;
use crate::{Category, Diagnosis, Measure, SavingModel, executions_of};
use eventlog::{PlanNode, SqlExecution, StageAttempt};

/// A diagnosis with what it weighs, by which the list is ordered.
pub(crate) struct Found {
    pub(crate) diagnosis: Diagnosis,
    /// Task time of its stages, or wall time where it has none, in milliseconds.
    pub(crate) weight_ms: u64,
}

impl Found {
    pub(crate) fn new(id: &'static str, category: Category, explanation: &'static str) -> Self {
        Self {
            diagnosis: Diagnosis {
                id,
                category,
                stages: Vec::new(),
                executions: Vec::new(),
                operators: Vec::new(),
                summary: String::new(),
                evidence: Vec::new(),
                caused_by: None,
                explanation,
                advice: String::new(),
                saving_ms: None,
                saving_model: SavingModel::default(),
            },
            weight_ms: 0,
        }
    }

    /// About one stage attempt and the executions that it ran for.
    pub(crate) fn of_stage(
        id: &'static str,
        category: Category,
        run: &Run<'_>,
        stage: &StageAttempt,
        explanation: &'static str,
    ) -> Self {
        Self::new(id, category, explanation).stages(run, &[stage])
    }

    /// About a SQL execution and those of its stages that are named.
    pub(crate) fn of_execution(
        id: &'static str,
        category: Category,
        execution: &SqlExecution,
        stages: &[&StageAttempt],
        explanation: &'static str,
    ) -> Self {
        let mut found = Self::new(id, category, explanation);
        found.diagnosis.executions = vec![execution.execution_id];
        found.take(stages);
        found
    }

    /// About these stage attempts and the executions that they ran for.
    pub(crate) fn stages(mut self, run: &Run<'_>, stages: &[&StageAttempt]) -> Self {
        let mut executions: Vec<u64> =
            stages.iter().flat_map(|stage| executions_of(run.profile, stage)).collect();
        executions.sort_unstable();
        executions.dedup();
        self.diagnosis.executions = executions;
        self.take(stages);
        self
    }

    fn take(&mut self, stages: &[&StageAttempt]) {
        self.diagnosis.stages =
            stages.iter().map(|stage| (stage.stage_id, stage.attempt_id)).collect();
        let times = stages.iter().map(|stage| stage.metrics.executor_run_time);
        self.weight_ms = times.fold(0, u64::saturating_add);
    }

    /// About this operator of the execution's final plan as well.
    pub(crate) fn operator(mut self, execution: &SqlExecution, node: &PlanNode) -> Self {
        let nodes = execution.plan.preorder();
        let mut named = nodes.iter().filter(|it| it.name == node.name);
        if let Some(at) = named.position(|it| std::ptr::eq(*it, node)) {
            let label = format!("{}#{at}", node.name);
            self.diagnosis.operators.push((execution.execution_id, label));
        }
        self
    }

    pub(crate) fn executions(mut self, executions: Vec<u64>) -> Self {
        self.diagnosis.executions = executions;
        self
    }

    pub(crate) fn summary(mut self, summary: String) -> Self {
        self.diagnosis.summary = summary;
        self
    }

    pub(crate) fn measure(mut self, measure: Measure) -> Self {
        self.diagnosis.evidence.push(measure);
        self
    }

    pub(crate) fn measures(mut self, measures: impl IntoIterator<Item = Measure>) -> Self {
        self.diagnosis.evidence.extend(measures);
        self
    }

    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.diagnosis.advice = advice.into();
        self
    }

    pub(crate) fn saving(mut self, saving_ms: Option<(u64, u64)>) -> Self {
        self.diagnosis.saving_ms = saving_ms.filter(|(_, most)| *most > 0);
        self
    }

    pub(crate) fn weight(mut self, weight_ms: u64) -> Self {
        self.weight_ms = weight_ms;
        self
    }
}

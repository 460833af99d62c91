//! The driver's code that comes with a program.

use program::Language;
use program::driver::{ExpressionKind, Pattern, StatementKind};

#[test]
fn python_keeps_what_a_run_depends_on() {
    let text = "
class Step(Base):
    def run(self, *parts, **options):
        for part in parts:
            if part: continue
            break
        yield part
registry['a'] = Step
if __name__ == '__main__':
    match mode:
        case 'full': pass
        case _: pass
";
    let code = grammars::lower(Language::Python, text).driver;
    let class = code.classes[0];
    assert_eq!(code.name(class.name), "Step");
    assert_eq!(code.expression_ids(class.bases).len(), 1);
    assert!(code.functions[0].generator);
    let rests: Vec<bool> = code
        .patterns
        .iter()
        .filter_map(|pattern| match pattern {
            Pattern::Rest { keywords, .. } => Some(*keywords),
            _ => None,
        })
        .collect();
    assert_eq!(rests, [false, true]);
    assert!(code.patterns.iter().any(|it| matches!(it, Pattern::Item(..))));
    let kinds = |wanted: fn(&StatementKind) -> bool| {
        code.statements.iter().filter(|it| wanted(&it.kind)).count()
    };
    assert_eq!(kinds(|it| matches!(it, StatementKind::Break)), 1);
    assert_eq!(kinds(|it| matches!(it, StatementKind::Continue)), 1);
    assert_eq!(kinds(|it| matches!(it, StatementKind::Main(_))), 1);
    let matched = code.statements.iter().find_map(|it| match it.kind {
        StatementKind::Match { conditions, .. } => code.expression_ids(conditions).next(),
        _ => None,
    });
    let ExpressionKind::Operation { operands, .. } = code.expression(matched.unwrap()).kind else {
        panic!("an operation")
    };
    let asked: Vec<_> = code.expression_ids(operands).map(|id| code.expression(id).kind).collect();
    assert!(matches!(asked[1], ExpressionKind::Text(_)), "{asked:?}");
    assert!(matches!(asked[2], ExpressionKind::Opaque(_)), "{asked:?}");
}

#[test]
fn scala_keeps_bases_and_literals_of_a_match() {
    let text =
        "object Job extends Base with App { mode match { case \"full\" => 1; case _ => 2 } }";
    let code = grammars::lower(Language::Scala, text).driver;
    let bases: Vec<_> = code
        .expression_ids(code.classes[0].bases)
        .map(|id| match code.expression(id).kind {
            ExpressionKind::Name(name) => code.name(name).to_owned(),
            _ => String::new(),
        })
        .collect();
    assert!(bases.contains(&"Base".to_owned()), "{bases:?}");
    assert!(code.statements.iter().any(|it| matches!(it.kind, StatementKind::Match { .. })));
}

#[test]
fn names_stand_once() {
    let code = grammars::lower(Language::Python, "a = a + a\nb = f(a, a)\n").driver;
    assert_eq!(code.names.iter().filter(|name| &***name == "a").count(), 1);
}

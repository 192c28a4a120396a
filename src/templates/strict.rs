//! What makes conditions strict: comparisons of unlike things and truths that are no truths are errors, not `false`.
//!
//! minijinja says that `7 < "07"` is true and `"" and …` is empty. So the syntax tree is rebuilt before it is compiled:
//! each comparison becomes a call of [`compare`], each operand of `and`, `or`, `not` and `if` goes through [`truth`].

use crate::templates::{TemplateError, filters::article};
use minijinja::{
    Environment, Error, ErrorKind, Value,
    machinery::Span,
    machinery::ast::{
        BinOp, BinOpKind, Call, CallArg, Compare, CompareOpKind, Const, Expr, Filter, GetAttr, GetItem, IfExpr, List,
        Map, Slice, Spanned, Test, Tuple, UnaryOp, UnaryOpKind, Var,
    },
    value::{Rest, ValueKind},
};

/// No name that a text could spell, so nothing in a condition can shadow or call them.
const COMPARE: &str = "<=>";
const TRUTH: &str = "?";

/// Adds what [`strictly`] calls, and makes the tests that compare (`is eq`, `is lt` …) as strict as the operators.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_function(COMPARE, compare);
    environment.add_function(TRUTH, truth);
    for (operator, names) in [
        ("==", &["eq", "equalto", "=="][..]),
        ("!=", &["ne", "!="]),
        ("<", &["lt", "lessthan", "<"]),
        ("<=", &["le", "<="]),
        (">", &["gt", "greaterthan", ">"]),
        (">=", &["ge", ">="]),
        ("in", &["in"]),
    ] {
        for name in names {
            environment.add_test(*name, move |left: &Value, right: &Value| holds(left, operator, right));
        }
    }
}

/// `a < b <= c` as `compare(a, "<", b, "<=", c)`.
fn compare(chain: Rest<Value>) -> Result<bool, Error> {
    let mut links = chain.windows(3).step_by(2);
    links.try_fold(true, |so_far, link| match link {
        [left, operator, right] => Ok(so_far && holds(left, operator.as_str().unwrap_or(""), right)?),
        _ => Ok(so_far),
    })
}

fn truth(value: &Value) -> Result<bool, Error> {
    match value.kind() {
        ValueKind::Bool => Ok(value.is_true()),
        ValueKind::Undefined => Err(ErrorKind::UndefinedError.into()),
        kind => Err(not_a_truth(kind).into()),
    }
}

/// The message for a value that stands where true or false is wanted.
pub(super) fn not_a_truth(kind: ValueKind) -> TemplateError {
    TemplateError::new(format!("this is {}, and a condition is true or false", article(kind)))
        .hint("compare it: `file.ext == \"pdf\"`, `file.size > size(\"20MB\")`")
}

fn holds(left: &Value, operator: &str, right: &Value) -> Result<bool, Error> {
    if left.is_undefined() || right.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    if operator.ends_with("in") {
        return Ok(is_in(left, right)? == (operator == "in"));
    }
    alike(left, right)?;
    Ok(match operator {
        "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    })
}

fn is_in(wanted: &Value, container: &Value) -> Result<bool, TemplateError> {
    match container.kind() {
        ValueKind::String => {
            alike(wanted, container)?;
            let (container, wanted) = (container.as_str().unwrap_or(""), wanted.as_str().unwrap_or(""));
            Ok(container.contains(wanted))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let items = container.try_iter().map_err(|error| TemplateError::from_engine(&error))?;
            items.map(|item| alike(wanted, &item).map(|()| *wanted == item)).try_fold(false, |any, is| Ok(any | is?))
        }
        kind => Err(TemplateError::new(format!("nothing is `in` {}", article(kind)))
            .hint("`\"x\" in file.name`, `file.ext in [\"pdf\", \"xml\"]`")),
    }
}

fn alike(left: &Value, right: &Value) -> Result<(), TemplateError> {
    let (one, other) = (left.kind(), right.kind());
    let is_list = |kind| matches!(kind, ValueKind::Seq | ValueKind::Iterable);
    if one == other || (is_list(one) && is_list(other)) {
        return Ok(());
    }
    let error = TemplateError::new(format!("{} cannot be compared with {}", article(one), article(other)));
    Err(match (one, other) {
        (ValueKind::String, ValueKind::Number) | (ValueKind::Number, ValueKind::String) => error.hint(
            "put the number in quotes, or make the text a number: `arrived.hour | int`; a size is `size(\"20MB\")`",
        ),
        (ValueKind::Plain, _) | (_, ValueKind::Plain) => {
            error.hint("compare a moment's texts: `arrived.date == \"2026-11-22\"`")
        }
        _ => error,
    })
}

/// The same expression with every comparison and every truth checked when it is evaluated.
pub(super) fn strictly<'a>(expression: &Expr<'a>) -> Expr<'a> {
    let span = expression.span();
    match expression {
        Expr::Var(var) => Expr::Var(Spanned::new(Var { id: var.id }, span)),
        Expr::Const(constant) => self::constant(constant.value.clone(), span),
        Expr::Compare(chain) => compared(chain),
        Expr::BinOp(operation) => operated(operation, span),
        Expr::UnaryOp(operation) => {
            let (op, expr) = match operation.op {
                UnaryOpKind::Not => (UnaryOpKind::Not, truly(&operation.expr)),
                UnaryOpKind::Neg => (UnaryOpKind::Neg, strictly(&operation.expr)),
            };
            Expr::UnaryOp(Spanned::new(UnaryOp { op, expr }, span))
        }
        Expr::IfExpr(choice) => Expr::IfExpr(Spanned::new(
            IfExpr {
                test_expr: truly(&choice.test_expr),
                true_expr: strictly(&choice.true_expr),
                false_expr: choice.false_expr.as_ref().map(strictly),
            },
            span,
        )),
        Expr::Slice(slice) => Expr::Slice(Spanned::new(
            Slice {
                expr: strictly(&slice.expr),
                start: slice.start.as_ref().map(strictly),
                stop: slice.stop.as_ref().map(strictly),
                step: slice.step.as_ref().map(strictly),
            },
            span,
        )),
        Expr::Filter(filter) => Expr::Filter(Spanned::new(
            Filter { name: filter.name, expr: filter.expr.as_ref().map(strictly), args: arguments(&filter.args) },
            span,
        )),
        Expr::Test(test) => Expr::Test(Spanned::new(
            Test { name: test.name, expr: strictly(&test.expr), args: arguments(&test.args) },
            span,
        )),
        Expr::GetAttr(get) => Expr::GetAttr(Spanned::new(GetAttr { expr: strictly(&get.expr), name: get.name }, span)),
        Expr::GetItem(get) => Expr::GetItem(Spanned::new(
            GetItem { expr: strictly(&get.expr), subscript_expr: strictly(&get.subscript_expr) },
            span,
        )),
        Expr::Call(call) => {
            Expr::Call(Spanned::new(Call { expr: strictly(&call.expr), args: arguments(&call.args) }, span))
        }
        Expr::List(list) => Expr::List(Spanned::new(List { items: all(&list.items) }, span)),
        Expr::Tuple(tuple) => Expr::Tuple(Spanned::new(Tuple { items: all(&tuple.items) }, span)),
        Expr::Map(map) => Expr::Map(Spanned::new(Map { keys: all(&map.keys), values: all(&map.values) }, span)),
    }
}

fn compared<'a>(chain: &Compare<'a>) -> Expr<'a> {
    let span = chain.ops.last().map_or(chain.expr.span(), |last| around(&chain.expr, &last.expr));
    let mut args = vec![strictly(&chain.expr)];
    for link in &chain.ops {
        let operator = match link.op {
            CompareOpKind::Eq => "==",
            CompareOpKind::Ne => "!=",
            CompareOpKind::Lt => "<",
            CompareOpKind::Lte => "<=",
            CompareOpKind::Gt => ">",
            CompareOpKind::Gte => ">=",
            CompareOpKind::In => "in",
            CompareOpKind::NotIn => "not in",
        };
        args.push(constant(operator.into(), span));
        args.push(strictly(&link.expr));
    }
    call(COMPARE, args, span)
}

fn operated<'a>(operation: &BinOp<'a>, span: Span) -> Expr<'a> {
    let operator = match operation.op {
        BinOpKind::Eq => "==",
        BinOpKind::Ne => "!=",
        BinOpKind::Lt => "<",
        BinOpKind::Lte => "<=",
        BinOpKind::Gt => ">",
        BinOpKind::Gte => ">=",
        BinOpKind::In => "in",
        op @ (BinOpKind::ScAnd | BinOpKind::ScOr) => {
            let sides = BinOp { op, left: truly(&operation.left), right: truly(&operation.right) };
            return Expr::BinOp(Spanned::new(sides, span));
        }
        op @ (BinOpKind::Add
        | BinOpKind::Sub
        | BinOpKind::Mul
        | BinOpKind::Div
        | BinOpKind::FloorDiv
        | BinOpKind::Rem
        | BinOpKind::Pow
        | BinOpKind::Concat) => {
            let sides = BinOp { op, left: strictly(&operation.left), right: strictly(&operation.right) };
            return Expr::BinOp(Spanned::new(sides, span));
        }
    };
    let span = around(&operation.left, &operation.right);
    call(COMPARE, vec![strictly(&operation.left), constant(operator.into(), span), strictly(&operation.right)], span)
}

/// From the first to the last; minijinja's own span of a comparison begins at the word before it.
fn around(first: &Expr<'_>, last: &Expr<'_>) -> Span {
    let (first, last) = (first.span(), last.span());
    Span { end_line: last.end_line, end_col: last.end_col, end_offset: last.end_offset, ..first }
}

fn truly<'a>(expression: &Expr<'a>) -> Expr<'a> {
    call(TRUTH, vec![strictly(expression)], expression.span())
}

fn call<'a>(name: &'static str, args: Vec<Expr<'a>>, span: Span) -> Expr<'a> {
    let expr = Expr::Var(Spanned::new(Var { id: name }, span));
    Expr::Call(Spanned::new(Call { expr, args: args.into_iter().map(CallArg::Pos).collect() }, span))
}

fn constant<'a>(value: Value, span: Span) -> Expr<'a> {
    Expr::Const(Spanned::new(Const { value }, span))
}

fn all<'a>(expressions: &[Expr<'a>]) -> Vec<Expr<'a>> {
    expressions.iter().map(strictly).collect()
}

fn arguments<'a>(args: &[CallArg<'a>]) -> Vec<CallArg<'a>> {
    let rebuild = |arg: &CallArg<'a>| match arg {
        CallArg::Pos(expr) => CallArg::Pos(strictly(expr)),
        CallArg::Kwarg(name, expr) => CallArg::Kwarg(name, strictly(expr)),
        CallArg::PosSplat(expr) => CallArg::PosSplat(strictly(expr)),
        CallArg::KwargSplat(expr) => CallArg::KwargSplat(strictly(expr)),
    };
    args.iter().map(rebuild).collect()
}

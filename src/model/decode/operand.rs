//! The JSON forms of operands, and the types that operators ask for (SEMANTICS §4).
//!
//! Not here: texts in operands (versions, instants, networks, regular expressions); `compile` reads them.

use super::fields::{Decoder, article, did_you_mean};
use super::path::Path;
use crate::error::{Code, nearest, quote};
use crate::model::{AttributeType, Key, Op, limits};
use crate::value::Node;

/// The words of `is_type` (4.15).
const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "list", "object"];
/// 2^53
const MOST_DIVISOR: i64 = 1 << 53;

/// The types that an operator asks of the attribute; none: it asks for presence only.
pub(super) type Asked = &'static [AttributeType];

const STRING: Asked = &[AttributeType::String];
const NUMBER: Asked = &[AttributeType::Number];
const BOOLEAN: Asked = &[AttributeType::Boolean];
const LIST: Asked = &[AttributeType::List];
const STRING_OR_NUMBER: Asked = &[AttributeType::String, AttributeType::Number];
const ANY: Asked = &[];

impl Decoder {
    /// Checks the operand of an operator; the operand, and the types that are asked for.
    pub(super) fn operand<'d>(
        &mut self,
        op: Op,
        operand: Option<Node<'d>>,
        ignore_case: bool,
        path: &Path<'_>,
    ) -> Option<(Node<'d>, Asked)> {
        let at = path.key("value");
        if op == Op::IsSet {
            self.no_ignore_case(op, ignore_case, path);
            if operand.is_some() {
                self.error(
                    Code::BadOperand,
                    &at,
                    format_args!("expected no `value` for `is_set`, found one"),
                );
            }
            return Some((Node::Null, ANY));
        }
        let Some(operand) = operand else {
            self.no_ignore_case(op, ignore_case, path);
            let message = format_args!("expected a field `value` for {}, found none", quote(op.name()));
            self.error(Code::MissingField, path, message);
            return None;
        };
        let offers_case = match op {
            Op::Contains | Op::EndsWith | Op::In | Op::StartsWith => true,
            Op::Eq => operand.as_str().is_some(),
            _ => false,
        };
        if !offers_case {
            self.no_ignore_case(op, ignore_case, path);
        }
        match op {
            Op::After | Op::Before => {
                self.instant(operand, Code::BadOperand, &at).map(|value| (value, STRING_OR_NUMBER))
            }
            Op::Between => self.between(operand, &at).map(|value| (value, NUMBER)),
            Op::Contains | Op::EndsWith | Op::InCidr | Op::StartsWith => {
                self.texts(op, operand, &at).map(|value| (value, STRING))
            }
            Op::ContainsAll | Op::ContainsAny | Op::ContainsNone => {
                self.values(op, operand, &at).map(|(value, _)| (value, LIST))
            }
            Op::Eq => self.scalar(operand, &at),
            Op::Gt | Op::Gte | Op::Lt | Op::Lte => self.number(op, operand, &at).map(|value| (value, NUMBER)),
            Op::In => self.values(op, operand, &at),
            Op::IsSet => None,
            Op::IsType => self.type_name(operand, &at).map(|value| (value, ANY)),
            Op::Modulo => self.modulo(operand, &at).map(|value| (value, NUMBER)),
            Op::Matches
            | Op::SemverEq
            | Op::SemverGt
            | Op::SemverGte
            | Op::SemverLt
            | Op::SemverLte
            | Op::VersionEq
            | Op::VersionGt
            | Op::VersionGte
            | Op::VersionLt
            | Op::VersionLte => {
                if operand.as_str().is_none() {
                    self.bad_operand(op, "a string", &operand, &at);
                    return None;
                }
                Some((operand, STRING))
            }
        }
    }

    /// A declared attribute must have one of the types that are asked for (9.6).
    pub(super) fn check_declared(&mut self, attribute: &Key, op: Op, asked: Asked, path: &Path<'_>) {
        let Some(declared) = self.attributes.get(attribute).map(|a| a.kind) else { return };
        if asked.is_empty() || asked.contains(&declared) {
            return;
        }
        let asked: Vec<&str> = asked.iter().map(|kind| kind.name()).collect();
        let (op, attribute, kind) = (quote(op.name()), quote(attribute), declared.name());
        let asked = asked.join(" or a ");
        let message = format_args!("{op} asks for a {asked}, but {attribute} is declared as a {kind}");
        self.soft(Code::AttributeType, &path.key("attribute"), message, &|| None);
    }

    fn no_ignore_case(&mut self, op: Op, ignore_case: bool, path: &Path<'_>) {
        if ignore_case {
            let message = format_args!("{} with this `value` does not offer `ignore_case`", quote(op.name()));
            self.error(Code::NoIgnoreCase, &path.key("ignore_case"), message);
        }
    }

    fn bad_operand(&mut self, op: Op, expected: &str, found: &Node<'_>, at: &Path<'_>) {
        let found = article(found);
        self.error(
            Code::BadOperand,
            at,
            format_args!("expected {expected} for {}, found {found}", quote(op.name())),
        );
    }

    fn scalar<'d>(&mut self, operand: Node<'d>, at: &Path<'_>) -> Option<(Node<'d>, Asked)> {
        let asked = match &operand {
            Node::Bool(_) => BOOLEAN,
            Node::Int(_) | Node::Float(_) => NUMBER,
            Node::Str(_) => STRING,
            other => {
                self.bad_operand(Op::Eq, "a string, number or boolean", other, at);
                return None;
            }
        };
        Some((operand, asked))
    }

    fn number<'d>(&mut self, op: Op, operand: Node<'d>, at: &Path<'_>) -> Option<Node<'d>> {
        if operand.as_number().is_none() {
            self.bad_operand(op, "a number", &operand, at);
            return None;
        }
        Some(operand)
    }

    fn between<'d>(&mut self, operand: Node<'d>, at: &Path<'_>) -> Option<Node<'d>> {
        let Node::List(list) = &operand else {
            self.bad_operand(Op::Between, "a list of two numbers", &operand, at);
            return None;
        };
        let [low, high] = list.as_slice() else {
            let size = list.len();
            self.error(
                Code::BadOperand,
                at,
                format_args!("expected a list of two numbers, found {size} elements"),
            );
            return None;
        };
        let mut numbers = true;
        for (i, end) in [low, high].into_iter().enumerate() {
            if end.as_number().is_none() {
                self.bad_operand(Op::Between, "a number", end, &at.index(i));
                numbers = false;
            }
        }
        if numbers && low.as_number() > high.as_number() {
            let message =
                format_args!("expected a low end and then a high end, found {low:?} above {high:?}");
            self.error(Code::BadOperand, at, message);
            return None;
        }
        numbers.then_some(operand)
    }

    fn modulo<'d>(&mut self, operand: Node<'d>, at: &Path<'_>) -> Option<Node<'d>> {
        if operand.as_object().is_none() {
            self.bad_operand(Op::Modulo, "an object with `divisor` and `remainder`", &operand, at);
            return None;
        }
        let mut fields = self.fields(operand, at)?;
        let divisor = self.required(&mut fields, "divisor", at);
        let divisor = divisor.and_then(|value| self.integer(&value, 1, MOST_DIVISOR, &at.key("divisor")));
        let remainder = self.required(&mut fields, "remainder", at);
        let most = divisor.unwrap_or(MOST_DIVISOR) - 1;
        let remainder = remainder.and_then(|value| self.integer(&value, 0, most, &at.key("remainder")));
        self.finish(fields, &["divisor", "remainder"], at);
        let members =
            vec![("divisor".into(), Node::Int(divisor?)), ("remainder".into(), Node::Int(remainder?))];
        Some(Node::Object(members))
    }

    /// A string or a list of strings.
    fn texts<'d>(&mut self, op: Op, operand: Node<'d>, at: &Path<'_>) -> Option<Node<'d>> {
        match &operand {
            Node::Str(_) => Some(operand),
            Node::Strings(list) => {
                let size = list.len();
                self.within(size, limits::LIST_VALUES, "values", at).then_some(operand)
            }
            Node::List(list) => {
                let fits = self.within(list.len(), limits::LIST_VALUES, "values", at);
                let sound = fits && self.elements(op, list, "a string", |v| v.as_str().is_some(), at);
                sound.then_some(operand)
            }
            other => {
                self.bad_operand(op, "a string or a list of strings", other, at);
                None
            }
        }
    }

    /// A list of strings and numbers; which of them it holds.
    fn values<'d>(&mut self, op: Op, operand: Node<'d>, at: &Path<'_>) -> Option<(Node<'d>, Asked)> {
        let (size, asked) = match &operand {
            Node::Strings(list) => (list.len(), STRING),
            Node::List(list) if list.len() <= limits::LIST_VALUES => {
                let scalar = |v: &Node<'_>| v.as_str().is_some() || v.as_number().is_some();
                if !self.elements(op, list, "a string or a number", scalar, at) {
                    return None;
                }
                let numbers = !list.is_empty() && list.iter().all(|v| v.as_number().is_some());
                (list.len(), if numbers { NUMBER } else { STRING_OR_NUMBER })
            }
            Node::List(list) => (list.len(), STRING_OR_NUMBER),
            other => {
                self.bad_operand(op, "a list of strings and numbers", other, at);
                return None;
            }
        };
        self.within(size, limits::LIST_VALUES, "values", at).then_some((operand, asked))
    }

    /// Whether all elements are as they must be.
    fn elements(
        &mut self,
        op: Op,
        list: &[Node<'_>],
        expected: &str,
        sound: fn(&Node<'_>) -> bool,
        at: &Path<'_>,
    ) -> bool {
        let mut all = true;
        for (i, element) in list.iter().enumerate().filter(|(_, element)| !sound(element)) {
            self.bad_operand(op, expected, element, &at.index(i));
            all = false;
        }
        all
    }

    fn type_name<'d>(&mut self, operand: Node<'d>, at: &Path<'_>) -> Option<Node<'d>> {
        let Some(name) = operand.as_str() else {
            self.bad_operand(Op::IsType, "the name of a type", &operand, at);
            return None;
        };
        if !TYPES.contains(&name) {
            let message =
                format_args!("expected one of {}, found {}", TYPES.map(quote).join(", "), quote(name));
            self.error_with_hint(Code::BadOperand, at, message, &|| did_you_mean(nearest(name, TYPES)));
            return None;
        }
        Some(operand)
    }
}

//! Conditions (SEMANTICS §2).

use super::fields::{Decoder, Fields, did_you_mean};
use super::path::Path;
use crate::error::{Code, nearest, quote};
use crate::model::{BucketTest, Condition, FeatureTest, Key, Op, SegmentTest, Test, TimeTest, limits};
use crate::value::Node;

/// The fields of which a condition has exactly one.
const FORMS: [&str; 8] = ["all", "any", "attribute", "bucket", "feature", "not", "segment", "time"];
/// One more than the last bucket.
pub(super) const BUCKETS: u32 = 1_000_000;

impl Decoder {
    /// A condition that is not in another one. If something is wrong with it, it may lack a part, or there is none.
    pub(super) fn condition(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Condition> {
        self.condition_at(value, 1, path)
    }

    fn condition_at(&mut self, value: Node<'_>, level: usize, path: &Path<'_>) -> Option<Condition> {
        if level > limits::CONDITION_LEVELS {
            let most = limits::CONDITION_LEVELS;
            self.error(
                Code::Limit,
                path,
                format_args!("expected at most {most} levels of condition, found more"),
            );
            return None;
        }
        let fields = self.fields(value, path)?;
        self.condition_of(fields, level, path)
    }

    /// A condition of the members of its object.
    pub(super) fn condition_of(
        &mut self,
        mut fields: Fields<'_>,
        level: usize,
        path: &Path<'_>,
    ) -> Option<Condition> {
        let form = self.form(&fields, path)?;
        let (condition, known): (_, &[&str]) = match form {
            "all" | "any" => (self.group(&mut fields, form, level, path), &[form]),
            "not" => {
                let not = self.required(&mut fields, form, path)?;
                let not = self.condition_at(not, level + 1, &path.key(form));
                (not.map(|not| Condition::Not { not: Box::new(not) }), &[form])
            }
            "bucket" => (self.bucket(&mut fields, path), &[form]),
            "time" => (self.time(&mut fields, path), &[form]),
            "segment" => {
                let segment = self.optional_key(&mut fields, form, path);
                (segment.map(|segment| Condition::Segment(SegmentTest { segment })), &[form])
            }
            "feature" => (self.feature_test(&mut fields, path), &["feature", "variants"]),
            _ => (self.test(&mut fields, path), &["attribute", "op", "value", "ignore_case"]),
        };
        self.finish(fields, known, path);
        condition
    }

    /// The one form that an object has.
    fn form(&mut self, fields: &Fields<'_>, path: &Path<'_>) -> Option<&'static str> {
        let mut found = FORMS.into_iter().filter(|form| fields.has(form));
        match (found.next(), found.next()) {
            (Some(form), None) => Some(form),
            (Some(one), Some(other)) => {
                let message =
                    format_args!("expected one form of condition, found both `{one}` and `{other}`");
                self.error(Code::BadForm, path, message);
                None
            }
            (None, _) if fields.has("op") => Some("attribute"),
            (None, _) => {
                let hint = fields.names().find_map(|name| did_you_mean(nearest(name, FORMS)));
                let message = format_args!(
                    "expected a condition with one of {}, found none",
                    FORMS.map(quote).join(", ")
                );
                self.error_with_hint(Code::BadForm, path, message, &|| hint.clone());
                None
            }
        }
    }

    fn group(
        &mut self,
        fields: &mut Fields<'_>,
        form: &str,
        level: usize,
        path: &Path<'_>,
    ) -> Option<Condition> {
        let path = path.key(form);
        let members = self.list(fields.take(form)?, limits::LIST_VALUES, &path)?;
        let members = members.into_iter().enumerate();
        // What is not sound holds its place.
        let members = members.map(|(i, value)| {
            let member = self.condition_at(value, level + 1, &path.index(i));
            member.unwrap_or(Condition::All { all: Vec::new() })
        });
        let members = members.collect();
        Some(if form == "all" { Condition::All { all: members } } else { Condition::Any { any: members } })
    }

    fn bucket(&mut self, fields: &mut Fields<'_>, path: &Path<'_>) -> Option<Condition> {
        let (whole, path) = (path, path.key("bucket"));
        let mut fields = self.fields(fields.take("bucket")?, &path)?;
        let unit = self.required(&mut fields, "unit", &path);
        let unit = unit.and_then(|value| self.attribute_name(value, &path.key("unit")));
        let salt = self.required(&mut fields, "salt", &path);
        let salt = salt.and_then(|value| self.string(value, &path.key("salt")));
        let range = self.range(&mut fields, whole, &path);
        self.finish(fields, &["unit", "salt", "from", "to"], &path);
        let (from, to) = range?;
        Some(Condition::Bucket { bucket: BucketTest { unit: unit?, salt: salt?.into(), from, to } })
    }

    /// `from` and `to` of buckets, which must not be empty; if they are, that is reported at `whole`.
    pub(super) fn range(
        &mut self,
        fields: &mut Fields<'_>,
        whole: &Path<'_>,
        path: &Path<'_>,
    ) -> Option<(u32, u32)> {
        let from = self.required(fields, "from", path);
        let from = from.and_then(|value| self.unsigned(&value, BUCKETS, &path.key("from")));
        let to = self.required(fields, "to", path);
        let to = to.and_then(|value| self.unsigned(&value, BUCKETS, &path.key("to")));
        let (from, to) = (from?, to?);
        if from >= to {
            let message = format_args!("expected `from` less than `to`, found {from} and {to}");
            self.error(Code::OutOfRange, whole, message);
            return None;
        }
        Some((from, to))
    }

    fn time(&mut self, fields: &mut Fields<'_>, path: &Path<'_>) -> Option<Condition> {
        let path = path.key("time");
        let mut fields = self.fields(fields.take("time")?, &path)?;
        let (from, to) = (fields.take("from"), fields.take("to"));
        if from.is_none() && to.is_none() {
            self.error(
                Code::MissingField,
                &path,
                format_args!("expected `from`, `to` or both, found neither"),
            );
        }
        let from = from.and_then(|value| self.instant(value, Code::WrongType, &path.key("from")));
        let to = to.and_then(|value| self.instant(value, Code::WrongType, &path.key("to")));
        self.finish(fields, &["from", "to"], &path);
        let (from, to) = (from.map(Node::into_value), to.map(Node::into_value));
        Some(Condition::Time { time: TimeTest { from, to } })
    }

    /// A string, or an integer of milliseconds; the text is read later.
    pub(super) fn instant<'d>(&mut self, value: Node<'d>, code: Code, path: &Path<'_>) -> Option<Node<'d>> {
        if value.as_str().is_some() {
            return Some(value);
        }
        if let Some(millis) = value.as_i64() {
            return Some(Node::Int(millis));
        }
        let found = super::fields::article(&value);
        self.error(
            code,
            path,
            format_args!("expected an RFC 3339 string or an integer of milliseconds, found {found}"),
        );
        None
    }

    fn feature_test(&mut self, fields: &mut Fields<'_>, path: &Path<'_>) -> Option<Condition> {
        let feature = self.optional_key(fields, "feature", path);
        let before = self.hard;
        let variants = self.required(fields, "variants", path);
        let variants = variants.and_then(|value| self.keys(value, &path.key("variants")));
        let variants = variants.filter(|_| self.hard == before).unwrap_or_default();
        Some(Condition::Feature(FeatureTest { feature: feature?, variants }))
    }

    fn test(&mut self, fields: &mut Fields<'_>, path: &Path<'_>) -> Option<Condition> {
        let attribute = self.required(fields, "attribute", path);
        let attribute = attribute.and_then(|value| self.attribute_name(value, &path.key("attribute")));
        let op = self.required(fields, "op", path);
        let op = op.and_then(|value| self.operator(value, &path.key("op")));
        let ignore_case = self.optional_bool(fields, "ignore_case", path).unwrap_or(false);
        let operand = fields.take("value");
        self.test_of(attribute, op?, operand, ignore_case, path)
    }

    /// A test of its parts.
    pub(super) fn test_of(
        &mut self,
        attribute: Option<Key>,
        op: Op,
        operand: Option<Node<'_>>,
        ignore_case: bool,
        path: &Path<'_>,
    ) -> Option<Condition> {
        let (value, asked) = self.operand(op, operand, ignore_case, path)?;
        if let Some(attribute) = &attribute {
            self.check_declared(attribute, op, asked, path);
        }
        let attribute = attribute.unwrap_or_default();
        Some(Condition::Test(Test { attribute, op, value: value.into_value(), ignore_case }))
    }

    fn operator(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Op> {
        let name = self.string(value, path)?;
        let op = Op::from_name(&name);
        if op.is_none() {
            let hint = || did_you_mean(nearest(&name, Op::ALL.iter().map(|(name, _)| *name)));
            self.error_with_hint(
                Code::UnknownOperator,
                path,
                format_args!("operator {} is not known", quote(&name)),
                &hint,
            );
        }
        op
    }
}

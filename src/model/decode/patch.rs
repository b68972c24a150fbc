//! What phases do to definitions (SEMANTICS 7.5).

use std::sync::Arc;

use super::Bases;
use super::fields::{Decoder, did_you_mean};
use super::path::Path;
use super::release::Changes;
use super::remnant::{Definition, Part};
use crate::error::{Code, nearest, quote};
use crate::model::{Feature, Key, Patch, PatchKind, Place, limits};
use crate::value::Node;

const PATCHES: [(&str, PatchKind); 4] = [
    ("apply", PatchKind::Apply),
    ("disable", PatchKind::Disable),
    ("enable", PatchKind::Enable),
    ("set", PatchKind::Set),
];
const PATCH: [&str; 5] = ["patch", "feature", "segment", "for", "variant"];

impl Decoder {
    pub(super) fn patches(
        &mut self,
        value: Node<'_>,
        changes: &Changes,
        bases: &Bases<'_>,
        path: &Path<'_>,
    ) -> Option<Vec<Patch>> {
        let elements = self.list(value, limits::LIST_VALUES, path)?;
        let elements = elements.into_iter().enumerate();
        let patch = |(i, value)| {
            let patch = self.patch(value, changes, bases, &path.index(i))?;
            Some(Patch { place: Place(i), ..patch })
        };
        Some(elements.filter_map(patch).collect())
    }

    /// A patch; none if it is not sound, or what it is on is ignored.
    fn patch(
        &mut self,
        value: Node<'_>,
        changes: &Changes,
        bases: &Bases<'_>,
        path: &Path<'_>,
    ) -> Option<Patch> {
        let mut fields = self.fields(value, path)?;
        let kind = self.required(&mut fields, "patch", path);
        let kind = kind.and_then(|value| self.choice(value, &PATCHES, &path.key("patch")));
        let both = (fields.has("feature"), fields.has("segment"));
        if both.0 == both.1 {
            let found = if both.0 { "both" } else { "neither" };
            self.error(
                Code::BadForm,
                path,
                format_args!("expected either `feature` or `segment`, found {found}"),
            );
        }
        let feature = self.optional_key(&mut fields, "feature", path);
        let segment = self.optional_key(&mut fields, "segment", path);
        let mut audience = self.optional_key(&mut fields, "for", path);
        let variant = match (kind, fields.has("variant")) {
            (Some(PatchKind::Set), false) => {
                self.missing(&fields, "variant", path);
                None
            }
            (Some(PatchKind::Apply | PatchKind::Disable | PatchKind::Enable), true) => {
                self.error(Code::BadForm, &path.key("variant"), format_args!("only `set` has a variant"));
                fields.take("variant");
                None
            }
            _ => self.optional_key(&mut fields, "variant", path),
        };
        self.finish(fields, &PATCH, path);
        if let Some(patch) = kind.filter(|_| both.0 != both.1) {
            let patch = Patch { patch, feature, segment, audience, variant, place: Place::default() };
            if self.check_patch(&patch, changes, bases, path) {
                return Some(patch);
            }
            audience = patch.audience;
        }
        if let Some(audience) = audience {
            self.remain_of_phase(Part::Audience(audience), changes, &path.key("for"));
        }
        None
    }

    /// Whether what the patch is on is in the release and sound; reports what does not fit together.
    fn check_patch(&mut self, patch: &Patch, changes: &Changes, bases: &Bases<'_>, path: &Path<'_>) -> bool {
        let candidate = if let Some(key) = &patch.feature {
            let Some(written) = changes.features.get(key) else {
                self.not_in_release("feature", key, changes.features.keys(), path);
                return false;
            };
            if let Some(variant) = &patch.variant {
                let has = |feature: &Arc<Feature>| feature.has_variant(variant);
                let candidate = match written {
                    Some(Some(Some(Definition::Feature(feature)))) => Some(has(feature)),
                    _ => None,
                };
                let [base_left, candidate_left] = self.partial.each_ref().map(|left| left.get(key).map(has));
                let before = self.hard;
                for (serves, whose, sound) in [
                    (bases.serves(key, variant), "base", true),
                    (candidate, "candidate", true),
                    (base_left, "base", false),
                    (candidate_left, "candidate", false),
                ] {
                    if serves == Some(false) {
                        let message =
                            format_args!("{} is not a variant of the feature's {whose}", quote(variant));
                        self.error(Code::UnknownVariant, &path.key("variant"), message);
                        if !sound {
                            // Told, but a definition that is not served makes no phase invalid.
                            self.hard = before;
                        }
                        break;
                    }
                }
            }
            written.as_ref().map(Option::is_some)
        } else if let Some(key) = &patch.segment {
            let Some(written) = changes.segments.get(key) else {
                self.not_in_release("segment", key, changes.segments.keys(), path);
                return false;
            };
            if patch.patch != PatchKind::Apply {
                let message =
                    format_args!("expected `apply`, as the patch is on a segment, found another one");
                self.error(Code::SegmentPatch, &path.key("patch"), message);
            }
            written.as_ref().map(Option::is_some)
        } else {
            return false;
        };
        if candidate == Some(false) && patch.patch == PatchKind::Apply {
            self.error(
                Code::ApplyWithoutCandidate,
                path,
                format_args!("expected a candidate to apply, found none"),
            );
        }
        candidate.is_some()
    }

    fn not_in_release<'k>(
        &mut self,
        what: &str,
        key: &str,
        known: impl Iterator<Item = &'k Key> + Clone,
        path: &Path<'_>,
    ) {
        let hint = || did_you_mean(nearest(key, known.clone().map(|key| &**key)));
        let message = format_args!("{what} {} is not in the release", quote(key));
        self.error_with_hint(Code::NotInRelease, &path.key(what), message, &hint);
    }
}

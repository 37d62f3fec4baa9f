//! What a manifest or an index names (OCI image specification, Docker's image manifest version 2 schema 2).

use super::side::Part;
use serde::Deserialize;
use std::collections::HashSet;

const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The kinds that are asked for.
pub(super) const MEDIA_TYPES: [&str; 4] = [
    OCI_INDEX,
    OCI_MANIFEST,
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// The version that all four kinds have.
const SCHEMA: u8 = 2;

/// A manifest or an index.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    schema_version: u8,
    media_type: Option<String>,
    config: Option<Blob>,
    #[serde(default)]
    layers: Vec<Blob>,
    /// The manifests of an index.
    #[serde(default)]
    pub(super) manifests: Vec<Entry>,
}

/// A manifest that an index names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    pub(super) digest: String,
    pub(super) media_type: Option<String>,
}

/// A layer or a configuration.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Blob {
    pub(super) digest: String,
    pub(super) size: u64,
    /// Where it lies, if not in the registry: such a layer is nobody's to copy.
    #[serde(default)]
    urls: Vec<String>,
}

impl Document {
    /// Reads one; `None` for what is none, or of a version that has no digests of its own.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let document: Self = serde_json::from_slice(bytes).ok()?;
        (document.schema_version == SCHEMA).then_some(document)
    }

    /// The kind under which it is put: its own, else that by which an index names it, else what its fields say.
    pub(super) fn media_type(&self, named: Option<&str>) -> String {
        let own = self.media_type.as_deref().or(named);
        let kind = if self.config.is_none() && self.layers.is_empty() {
            OCI_INDEX
        } else {
            OCI_MANIFEST
        };
        own.unwrap_or(kind).to_owned()
    }
}

/// The layers and configurations of manifests, each once, without those that lie elsewhere.
pub(super) fn blobs(parts: &[Part]) -> impl Iterator<Item = &Blob> {
    let mut known = HashSet::new();
    let all = parts
        .iter()
        .flat_map(|part| part.document.layers.iter().chain(&part.document.config));
    all.filter(move |blob| blob.urls.is_empty() && known.insert(blob.digest.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> Part {
        let bytes = bytes::Bytes::copy_from_slice(text.as_bytes());
        let document = Document::parse(&bytes).expect("it is a manifest");
        Part {
            digest: String::new(),
            media_type: document.media_type(None),
            bytes,
            document,
        }
    }

    #[test]
    fn layers_are_named_once_and_those_that_lie_elsewhere_are_left_alone() {
        let parts = [
            part(
                r#"{"schemaVersion":2,"config":{"digest":"sha256:c","size":3},"layers":[
                {"digest":"sha256:a","size":1},{"digest":"sha256:a","size":1},
                {"digest":"sha256:far","size":9,"urls":["https://example.com/layer"]}]}"#,
            ),
            part(
                r#"{"schemaVersion":2,"config":{"digest":"sha256:d","size":3},"layers":[{"digest":"sha256:a","size":1}]}"#,
            ),
        ];
        let named: Vec<&str> = blobs(&parts).map(|blob| blob.digest.as_str()).collect();
        assert_eq!(named, ["sha256:a", "sha256:c", "sha256:d"]);
    }

    #[test]
    fn a_kind_that_is_not_told_is_seen_from_its_fields() {
        let index = part(r#"{"schemaVersion":2,"manifests":[{"digest":"sha256:a"}]}"#);
        assert_eq!(index.media_type, OCI_INDEX);
        let manifest = part(r#"{"schemaVersion":2,"config":{"digest":"sha256:c","size":3}}"#);
        assert_eq!(manifest.media_type, OCI_MANIFEST);
        assert_eq!(manifest.document.media_type(Some("other")), "other");
    }

    #[test]
    fn the_first_schema_and_what_is_no_manifest_are_refused() {
        for wrong in [r#"{"schemaVersion":1,"fsLayers":[]}"#, "{}", "[]", "<html>"] {
            assert!(Document::parse(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}

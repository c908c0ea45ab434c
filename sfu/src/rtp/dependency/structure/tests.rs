use proptest::prelude::*;

use super::*;
use crate::rtp::dependency::parts::tests::parts;

fn templates(steps: Vec<(u8, (Indications, FrameDiffs, ChainDiffs))>) -> Vec<Template> {
    let mut templates: Vec<Template> = Vec::new();
    for (step, (indications, frame_diffs, chain_diffs)) in steps {
        let (spatial, temporal) = match (templates.last(), step) {
            (None, _) => (0, 0),
            (Some(last), 1) if last.temporal < 7 => (last.spatial, last.temporal + 1),
            (Some(last), 2) if last.spatial < 7 => (last.spatial + 1, 0),
            (Some(last), _) => (last.spatial, last.temporal),
        };
        templates.push(Template {
            spatial,
            temporal,
            indications,
            frame_diffs,
            chain_diffs,
        });
    }
    templates
}

prop_compose! {
    fn with_counts(targets: u32, chains: usize)(
        template_id_offset in 0u8..64,
        protected_by: [u8; 32],
        steps in proptest::collection::vec((0u8..3, parts(targets, chains, 4, 16)), 1..20),
        resolutions in proptest::option::of(proptest::array::uniform8(any::<(u16, u16)>())),
    ) -> Structure {
        let templates = templates(steps);
        let used = usize::from(templates.last().unwrap().spatial) + 1;
        let protected = |at: usize| at < targets as usize && chains > 0;
        let chain = |at: usize| if protected(at) { protected_by[at] % chains as u8 } else { 0 };
        let cut = |all: [(u16, u16); 8]| std::array::from_fn(|at| if at < used { all[at] } else { (0, 0) });
        Structure {
            template_id_offset,
            decode_targets: targets as u8,
            chains: chains as u8,
            protected_by: std::array::from_fn(chain),
            templates,
            resolutions: resolutions.map(cut),
        }
    }
}

pub(in crate::rtp::dependency) fn structure() -> impl Strategy<Value = Structure> {
    (1u32..=32)
        .prop_flat_map(|targets| (Just(targets), 0..=targets as usize))
        .prop_flat_map(|(targets, chains)| with_counts(targets, chains))
}

/// Parts that a frame of this structure may have of its own.
pub(in crate::rtp::dependency) fn custom(
    structure: &Structure,
) -> impl Strategy<Value = (Indications, FrameDiffs, ChainDiffs)> + use<> {
    parts(structure.decode_targets(), usize::from(structure.chains), 8, 4096)
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(structure in structure()) {
        let mut out = Vec::new();
        structure.write(&mut BitWriter::new(&mut out));
        prop_assert_eq!(Structure::read(&mut BitReader::new(&out)), Some(structure));
    }
}

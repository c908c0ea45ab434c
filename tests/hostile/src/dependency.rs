//! The dependency descriptor.

use rapport_sfu::rtp::dependency::{DependencyDescriptor, MAX_DECODE_TARGETS, Structure};

/// A descriptor reads without a panic, and what is written of it reads the same.
///
/// The first byte is the length of a descriptor that may bring a structure; the rest is one that follows it.
pub fn dependency(input: &[u8]) {
    let Some((&length, rest)) = input.split_first() else {
        return;
    };
    let (first, second) = rest.split_at(usize::from(length).min(rest.len()));
    let structure = read(first, None).and_then(|descriptor| descriptor.structure);
    read(second, None);
    read(second, structure.as_deref());
}

fn read(bytes: &[u8], known: Option<&Structure>) -> Option<DependencyDescriptor> {
    let descriptor = DependencyDescriptor::parse(bytes, known).ok()?;
    descriptor.starts_keyframe();
    if let Some(structure) = descriptor.structure.as_deref().or(known) {
        look_up(structure);
    }
    let mut written = Vec::new();
    assert!(descriptor.write(known, &mut written), "its template was there");
    assert_eq!(
        DependencyDescriptor::parse(&written, known).as_ref(),
        Ok(&descriptor)
    );
    Some(descriptor)
}

/// Also beyond the last.
fn look_up(structure: &Structure) {
    let targets = structure.decode_targets();
    assert!((1..=MAX_DECODE_TARGETS as u32).contains(&targets));
    for target in 0..=targets {
        structure.target_layer(target);
        let chain = structure.protecting_chain(target);
        assert!(chain.is_none_or(|chain| u32::from(chain) < structure.chains()));
    }
    for id in 0..=u8::MAX {
        if let Some(template) = structure.template(id) {
            structure.resolution(template.spatial);
        }
    }
}

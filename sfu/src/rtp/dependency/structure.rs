//! The template dependency structure: what frames of a coded video sequence have in common.
//!
//! Owns: the templates, their number and their layers bounded. Never does: apply one to a frame.

use super::bits::{BitReader, BitWriter};
use super::parts::{ChainDiffs, FrameDiffs, Indication, Indications, MAX_DECODE_TARGETS};

/// `template_dependency_structure()`: comes with a key frame and holds until the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    template_id_offset: u8,
    decode_targets: u8,
    chains: u8,
    /// Which chain protects each decode target.
    protected_by: [u8; MAX_DECODE_TARGETS],
    /// At least one; spatial and temporal ids step as `next_layer_idc` lets them.
    templates: Vec<Template>,
    /// Width and height of each spatial layer, less one.
    resolutions: Option<[(u16, u16); MAX_LAYERS]>,
}

/// What a frame is unless its packets say otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// Spatial layer.
    pub spatial: u8,
    /// Temporal layer.
    pub temporal: u8,
    /// What such a frame is to each decode target.
    pub indications: Indications,
    /// How many frames back it refers.
    pub frame_diffs: FrameDiffs,
    /// How many frames back each chain has its previous frame.
    pub chain_diffs: ChainDiffs,
}

impl Structure {
    /// Decode targets: the qualities that can be chosen, 1–32.
    pub fn decode_targets(&self) -> u32 {
        u32::from(self.decode_targets)
    }

    /// Chains: the frames that must not be missed, 0–32.
    pub fn chains(&self) -> u32 {
        u32::from(self.chains)
    }

    /// The chain without which a decode target breaks, if there are chains.
    pub fn protecting_chain(&self, target: u32) -> Option<u8> {
        let protected_by = self.protected_by.get(target as usize)?;
        (self.chains > 0 && target < self.decode_targets()).then_some(*protected_by)
    }

    /// `decode_target_layers()`: the highest spatial and temporal layer that a decode target has frames of.
    pub fn target_layer(&self, target: u32) -> (u8, u8) {
        let present = |template: &&Template| template.indications.get(target) != Indication::NotPresent;
        self.templates
            .iter()
            .filter(present)
            .fold((0, 0), |(spatial, temporal), template| {
                (template.spatial.max(spatial), template.temporal.max(temporal))
            })
    }

    /// Width and height of a spatial layer, if the sender tells.
    pub fn resolution(&self, spatial: u8) -> Option<(u32, u32)> {
        let &(width, height) = self.resolutions.as_ref()?.get(usize::from(spatial))?;
        Some((u32::from(width) + 1, u32::from(height) + 1))
    }

    /// The template with this id.
    pub fn template(&self, template_id: u8) -> Option<&Template> {
        // frame_dependency_definition(): ids run modulo 64, from an offset.
        let index = template_id.wrapping_sub(self.template_id_offset) % MAX_TEMPLATES as u8;
        self.templates.get(usize::from(index))
    }

    /// A mask in which each decode target has its bit.
    pub(super) fn all_targets(&self) -> u32 {
        u32::MAX >> (MAX_DECODE_TARGETS as u32 - self.decode_targets())
    }

    pub(super) fn read(reader: &mut BitReader<'_>) -> Option<Self> {
        let template_id_offset = reader.byte(6)?;
        let decode_targets = reader.byte(5)? + 1;
        let mut structure = Self {
            template_id_offset,
            decode_targets,
            chains: 0,
            protected_by: [0; MAX_DECODE_TARGETS],
            templates: read_layers(reader)?,
            resolutions: None,
        };
        for template in &mut structure.templates {
            template.indications = Indications::read(reader, u32::from(decode_targets))?;
        }
        for template in &mut structure.templates {
            template.frame_diffs = FrameDiffs::read_template(reader)?;
        }
        structure.read_chains(reader)?;
        structure.read_resolutions(reader)?;
        Some(structure)
    }

    /// `template_chains()`.
    fn read_chains(&mut self, reader: &mut BitReader<'_>) -> Option<()> {
        self.chains = reader.below(self.decode_targets() + 1)?;
        if self.chains == 0 {
            return Some(());
        }
        let chains = self.chains();
        for protected_by in self
            .protected_by
            .iter_mut()
            .take(usize::from(self.decode_targets))
        {
            *protected_by = reader.below(chains)?;
        }
        for template in &mut self.templates {
            template.chain_diffs = ChainDiffs::read(reader, chains, 4)?;
        }
        Some(())
    }

    /// `render_resolutions()`.
    fn read_resolutions(&mut self, reader: &mut BitReader<'_>) -> Option<()> {
        if reader.flag()? {
            let mut resolutions = [(0, 0); MAX_LAYERS];
            for resolution in resolutions.iter_mut().take(self.spatial_layers()) {
                *resolution = (reader.bits(16)? as u16, reader.bits(16)? as u16);
            }
            self.resolutions = Some(resolutions);
        }
        Some(())
    }

    fn spatial_layers(&self) -> usize {
        self.templates
            .last()
            .map_or(0, |last| usize::from(last.spatial) + 1)
    }

    pub(super) fn write(&self, writer: &mut BitWriter<'_>) {
        writer.bits(u32::from(self.template_id_offset), 6);
        writer.bits(self.decode_targets() - 1, 5);
        self.write_layers(writer);
        for template in &self.templates {
            template.indications.write(writer, self.decode_targets());
        }
        for template in &self.templates {
            template.frame_diffs.write_template(writer);
        }
        self.write_chains(writer);
        self.write_resolutions(writer);
    }

    fn write_layers(&self, writer: &mut BitWriter<'_>) {
        for pair in self.templates.windows(2) {
            writer.bits(
                match (pair[0], pair[1]) {
                    (this, next) if next.spatial > this.spatial => NEXT_SPATIAL,
                    (this, next) if next.temporal > this.temporal => NEXT_TEMPORAL,
                    _ => SAME_LAYER,
                },
                2,
            );
        }
        writer.bits(NO_MORE, 2);
    }

    fn write_chains(&self, writer: &mut BitWriter<'_>) {
        writer.below(self.decode_targets() + 1, self.chains);
        if self.chains == 0 {
            return;
        }
        for &protected_by in self.protected_by.iter().take(usize::from(self.decode_targets)) {
            writer.below(self.chains(), protected_by);
        }
        for template in &self.templates {
            template.chain_diffs.write(writer, self.chains(), 4);
        }
    }

    fn write_resolutions(&self, writer: &mut BitWriter<'_>) {
        writer.flag(self.resolutions.is_some());
        for (width, height) in self.resolutions.into_iter().flatten().take(self.spatial_layers()) {
            writer.bits(u32::from(width), 16);
            writer.bits(u32::from(height), 16);
        }
    }
}

/// `template_layers()`: each template's layer is a step from the one before.
fn read_layers(reader: &mut BitReader<'_>) -> Option<Vec<Template>> {
    let mut templates = Vec::new();
    let mut next = Template::default();
    while templates.len() < MAX_TEMPLATES {
        templates.push(next);
        match reader.bits(2)? {
            NEXT_TEMPORAL => next.temporal += 1,
            NEXT_SPATIAL => (next.spatial, next.temporal) = (next.spatial + 1, 0),
            NO_MORE => return Some(templates),
            _ => (),
        }
        if usize::from(next.spatial.max(next.temporal)) >= MAX_LAYERS {
            return None;
        }
    }
    None
}

/// frame_dependency_template_id has six bits.
const MAX_TEMPLATES: usize = 64;
/// AV1 has eight temporal layers (OBU extension, three bits) and four spatial ones; more exist nowhere.
const MAX_LAYERS: usize = 8;

// next_layer_idc.
const SAME_LAYER: u32 = 0;
const NEXT_TEMPORAL: u32 = 1;
const NEXT_SPATIAL: u32 = 2;
const NO_MORE: u32 = 3;

#[cfg(test)]
pub(super) mod tests;

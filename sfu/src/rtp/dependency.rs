//! The dependency descriptor (AV1 RTP payload specification 1.0, appendix A), which any codec may carry.
//!
//! Owns: reading what a packet's frame is, depends on and is good for, with the structure that the last key
//! frame brought; and writing it again, since who forwards fewer layers has to tell. Never does: choose
//! decode targets or remember structures; whoever owns the encoding does. Comments name the functions of
//! the specification's syntax.

mod bits;
mod parts;
mod structure;

use self::bits::{BitReader, BitWriter};
pub use self::parts::{ChainDiffs, FrameDiffs, Indication, Indications, MAX_CHAINS, MAX_DECODE_TARGETS};
pub use self::structure::{Structure, Template};

/// What one packet says of its frame, the template's part filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyDescriptor {
    /// The frame's first packet.
    pub start_of_frame: bool,
    /// The frame's last packet.
    pub end_of_frame: bool,
    /// Which template of the structure it was read with.
    pub template_id: u8,
    /// Counts frames in decode order; wraps.
    pub frame_number: u16,
    /// Spatial layer.
    pub spatial: u8,
    /// Temporal layer.
    pub temporal: u8,
    /// What the frame is to each decode target.
    pub indications: Indications,
    /// How many frames back those are that it refers to.
    pub frame_diffs: FrameDiffs,
    /// For each chain, how many frames back its previous frame is; 0 when the chain starts here.
    pub chain_diffs: ChainDiffs,
    /// The decode targets that are sent, one bit each, if this packet tells.
    pub active_decode_targets: Option<u32>,
    /// Width and height of the layer, if the structure tells.
    pub resolution: Option<(u32, u32)>,
    /// The structure from here on. Boxed, since only key frames bring one.
    pub structure: Option<Box<Structure>>,
}

/// Why a descriptor could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unreadable {
    /// It ends early, or is beyond what any codec needs.
    Malformed,
    /// It builds on a structure that is not the one given: the key frame was lost, or is still to come.
    StructureMissing,
}

impl DependencyDescriptor {
    /// Reads the element's value with the structure that was attached last.
    pub fn parse(bytes: &[u8], known: Option<&Structure>) -> Result<Self, Unreadable> {
        let mut reader = BitReader::new(bytes);
        let mandatory = Mandatory::read(&mut reader).ok_or(Unreadable::Malformed)?;
        // dependency_descriptor(sz): "if (sz > 3) extended_descriptor_fields()".
        let extended = match bytes.len() > MANDATORY_BYTES {
            true => Extended::read(&mut reader, known)?,
            false => Extended::default(),
        };
        let structure = extended
            .structure
            .as_deref()
            .or(known)
            .ok_or(Unreadable::StructureMissing)?;
        let template = structure
            .template(mandatory.template_id)
            .ok_or(Unreadable::StructureMissing)?;
        let frame = Frame::read(&mut reader, &extended, structure, template).ok_or(Unreadable::Malformed)?;
        Ok(Self {
            start_of_frame: mandatory.start_of_frame,
            end_of_frame: mandatory.end_of_frame,
            template_id: mandatory.template_id,
            frame_number: mandatory.frame_number,
            spatial: template.spatial,
            temporal: template.temporal,
            indications: frame.indications,
            frame_diffs: frame.frame_diffs,
            chain_diffs: frame.chain_diffs,
            active_decode_targets: extended.active_decode_targets,
            resolution: structure.resolution(template.spatial),
            structure: extended.structure,
        })
    }

    /// The first packet of a key frame. The specification attaches a structure to the first packet of a
    /// coded video sequence, and to no other.
    pub fn starts_keyframe(&self) -> bool {
        self.start_of_frame && self.structure.is_some()
    }

    /// Appends the element's value for a receiver that knows `known`, in as few bits as that allows.
    /// Appends nothing and says no when neither that structure nor an attached one has the template.
    pub fn write(&self, known: Option<&Structure>, out: &mut Vec<u8>) -> bool {
        let Some(structure) = self.structure.as_deref().or(known) else {
            return false;
        };
        let Some(template) = structure.template(self.template_id) else {
            return false;
        };
        let mut writer = BitWriter::new(out);
        writer.flag(self.start_of_frame);
        writer.flag(self.end_of_frame);
        writer.bits(u32::from(self.template_id), 6);
        writer.bits(u32::from(self.frame_number), 16);
        self.write_extended(&mut writer, structure, template);
        true
    }

    fn write_extended(&self, writer: &mut BitWriter<'_>, structure: &Structure, template: &Template) {
        // An attached structure says by itself that all targets are active.
        let implied = self.structure.is_some().then(|| structure.all_targets());
        let active = self
            .active_decode_targets
            .filter(|_| self.active_decode_targets != implied);
        let custom = [
            self.indications != template.indications,
            self.frame_diffs != template.frame_diffs,
            self.chain_diffs != template.chain_diffs,
        ];
        if self.structure.is_none() && active.is_none() && custom == [false; 3] {
            return;
        }
        writer.flag(self.structure.is_some());
        writer.flag(active.is_some());
        custom.iter().for_each(|&flag| writer.flag(flag));
        if let Some(structure) = &self.structure {
            structure.write(writer);
        }
        if let Some(active) = active {
            writer.bits(active, structure.decode_targets());
        }
        self.write_custom(writer, structure, custom);
    }

    fn write_custom(&self, writer: &mut BitWriter<'_>, structure: &Structure, custom: [bool; 3]) {
        let [indications, frame_diffs, chain_diffs] = custom;
        if indications {
            self.indications.write(writer, structure.decode_targets());
        }
        if frame_diffs {
            self.frame_diffs.write_custom(writer);
        }
        if chain_diffs {
            self.chain_diffs.write(writer, structure.chains(), 8);
        }
    }
}

/// `mandatory_descriptor_fields()`.
struct Mandatory {
    start_of_frame: bool,
    end_of_frame: bool,
    template_id: u8,
    frame_number: u16,
}

impl Mandatory {
    fn read(reader: &mut BitReader<'_>) -> Option<Self> {
        Some(Self {
            start_of_frame: reader.flag()?,
            end_of_frame: reader.flag()?,
            template_id: reader.byte(6)?,
            frame_number: reader.bits(16)? as u16,
        })
    }
}

/// `extended_descriptor_fields()`; the default is `no_extended_descriptor_fields()`.
#[derive(Default)]
struct Extended {
    structure: Option<Box<Structure>>,
    active_decode_targets: Option<u32>,
    custom_indications: bool,
    custom_frame_diffs: bool,
    custom_chain_diffs: bool,
}

impl Extended {
    fn read(reader: &mut BitReader<'_>, known: Option<&Structure>) -> Result<Self, Unreadable> {
        let flags = reader.byte(5).ok_or(Unreadable::Malformed)?;
        let has = |place: u8| flags >> place & 1 != 0;
        let mut extended = Self {
            structure: None,
            active_decode_targets: None,
            custom_indications: has(2),
            custom_frame_diffs: has(1),
            custom_chain_diffs: has(0),
        };
        if has(4) {
            let structure = Structure::read(reader).ok_or(Unreadable::Malformed)?;
            extended.active_decode_targets = Some(structure.all_targets());
            extended.structure = Some(Box::new(structure));
        }
        if has(3) {
            let structure = extended
                .structure
                .as_deref()
                .or(known)
                .ok_or(Unreadable::StructureMissing)?;
            let active = reader
                .bits(structure.decode_targets())
                .ok_or(Unreadable::Malformed)?;
            extended.active_decode_targets = Some(active);
        }
        Ok(extended)
    }
}

/// `frame_dependency_definition()`: what the packet says itself, and the template's for the rest.
struct Frame {
    indications: Indications,
    frame_diffs: FrameDiffs,
    chain_diffs: ChainDiffs,
}

impl Frame {
    fn read(
        reader: &mut BitReader<'_>,
        extended: &Extended,
        structure: &Structure,
        template: &Template,
    ) -> Option<Self> {
        Some(Self {
            indications: match extended.custom_indications {
                true => Indications::read(reader, structure.decode_targets())?,
                false => template.indications,
            },
            frame_diffs: match extended.custom_frame_diffs {
                true => FrameDiffs::read_custom(reader)?,
                false => template.frame_diffs,
            },
            chain_diffs: match extended.custom_chain_diffs {
                true => ChainDiffs::read(reader, structure.chains(), 8)?,
                false => template.chain_diffs,
            },
        })
    }
}

/// `mandatory_descriptor_fields()`: 1 + 1 + 6 + 16 bits.
const MANDATORY_BYTES: usize = 3;

#[cfg(test)]
mod tests;

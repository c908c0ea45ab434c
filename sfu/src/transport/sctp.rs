//! placeholder
use std::time::Instant; use crate::command::Message; use crate::drop::Drop; use crate::parameters::DataChannelParameters;
pub struct Sctp; pub enum SctpEvent { Message{label:String,message:Message} }
impl Sctp { pub fn new(_:DataChannelParameters,_:Instant)->Self{Self} pub fn handle_datagram(&mut self,_:Instant,_:&[u8])->Result<(),Drop>{Ok(())} pub fn poll_event(&mut self)->Option<SctpEvent>{None} pub fn poll_transmit(&mut self,_:Instant)->Option<Vec<u8>>{None} pub fn handle_timeout(&mut self,_:Instant){} pub fn poll_timeout(&self)->Option<Instant>{None} pub fn send(&mut self,_:Instant,_:&str,_:&Message)->Result<(),Drop>{Ok(())} pub fn is_open(&self,_:&str)->bool{false} }

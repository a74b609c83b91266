// SPDX-License-Identifier: Apache-2.0
//! Files as their tools write them: text in the encodings that are in use, tables by their header.

mod printed;
mod table;
mod text;

pub use printed::Printed;
pub use table::{Row, RowFault, Table, TableFault};
pub use text::{TextFault, TextReader, fault_of, whole_text};

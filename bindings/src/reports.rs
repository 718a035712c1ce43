//! Packs what became of sent records.

use prosody_client::Report;

use crate::{
    errors,
    layout::{REPORT_BYTES, REPORTS_HEADER_BYTES},
};

/// One buffer for all reports; texts of failures come after the rows.
pub fn pack(reports: &[Report]) -> Vec<u8> {
    let rows = REPORTS_HEADER_BYTES + reports.len() * REPORT_BYTES;
    let mut packed = Vec::with_capacity(rows);
    let mut texts: Vec<u8> = Vec::new();
    packed.extend_from_slice(&(reports.len() as u32).to_le_bytes());
    packed.extend_from_slice(&[0; 4]);
    for report in reports {
        let ((partition, offset), text) = match &report.result {
            Ok(position) => (*position, String::new()),
            Err(error) => ((-1, -1), errors::json(error.code.name(), &error.message, error.code.retryable())),
        };
        packed.extend_from_slice(&(report.ticket as u32).to_le_bytes());
        packed.extend_from_slice(&u32::from(report.result.is_ok()).to_le_bytes());
        packed.extend_from_slice(&f64::from(partition).to_le_bytes());
        packed.extend_from_slice(&(offset as f64).to_le_bytes());
        packed.extend_from_slice(&((rows + texts.len()) as u32).to_le_bytes());
        packed.extend_from_slice(&(text.len() as u32).to_le_bytes());
        texts.extend_from_slice(text.as_bytes());
    }
    packed.extend_from_slice(&texts);
    packed
}

//! Permit and Route to Outcome: persist in batches, deliver

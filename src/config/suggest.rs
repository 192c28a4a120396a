//! "Did you mean": the known word nearest to a written one.

/// The candidate that a slip of the finger away from `written`, if there is one.
#[must_use]
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    // Nobody mistypes a word of a hundred letters; comparing takes time by the square.
    let written = plain(written.get(..written.len().min(64))?);
    let allowed = (written.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&written, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// [`nearest`] as the end of a hint: nothing where there is none.
#[must_use]
pub fn did_you_mean<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, candidates).map_or_else(String::new, |near| format!(". Did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["settled_for", "include", "ignore", "folder", "to", "if"];
        for (written, found) in [
            ("setled_for", Some("settled_for")),
            ("settled-for", Some("settled_for")),
            ("Include", Some("include")),
            ("inlcude", Some("include")),
            ("foldr", Some("folder")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, known), found, "{written}");
        }
    }
}

package textenc

import "strings"

// cleanCanonicalize is open_clip's name for the cleaning that SigLIP was trained with.
const cleanCanonicalize = "canonicalize"

// clean prepares a text for the tokenizer as the model's training did.
func (s Spec) clean(text string) string {
	if s.Clean == cleanCanonicalize {
		return canonicalize(text)
	}
	return text
}

// canonicalize lowers a text, turns underscores into blanks, drops ASCII punctuation and joins runs of white space:
// open_clip's canonicalize_text, after the recipe of the SigLIP paper (Zhai et al., arXiv 2303.15343).
func canonicalize(text string) string {
	text = strings.ReplaceAll(text, "_", " ")
	text = strings.Map(func(r rune) rune {
		if r < 0x80 && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(strings.ToLower(text)), " ")
}

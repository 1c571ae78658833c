package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// Thresholds are the cosines from which two things count as related. They differ by model; a model's own lie in the
// clipd.json beside it.
type Thresholds struct {
	Duplicate float64 `json:"duplicate"` // two pictures: of the same scene
	Match     float64 `json:"match"`     // text and picture: belong together
}

// profile is what clipd wants to know of a model beyond the usual files: clipd.json, each field optional.
type profile struct {
	Name       string     `json:"name"`
	Note       string     `json:"note"` // one line for people: what it knows, what it doesn't
	Thresholds Thresholds `json:"thresholds"`
	LogitScale float64    `json:"logit_scale"` // factor of cosines before a softmax
}

// profileFile is clipd's own file in a model folder.
const profileFile = "clipd.json"

// Defaults for models without a clipd.json, after what OpenAI's CLIP gives: captions of their own picture lie about
// .25 to .35, others about .15. The logit scale is the one that CLIP's training ends with (Radford et al., arXiv
// 2103.00020, § 2.5: clipped at 100).
const (
	defaultDuplicate  = 0.95
	defaultMatch      = 0.23
	defaultLogitScale = 100
)

// readProfile reads clipd.json, else takes the table of known models, else the defaults.
func readProfile(fsys fs.FS, name string) (profile, error) {
	p := profile{
		Name:       name,
		Thresholds: Thresholds{Duplicate: defaultDuplicate, Match: defaultMatch},
		LogitScale: defaultLogitScale,
	}
	if known, ok := Known(name); ok && known.Match != 0 {
		p.Thresholds.Match = known.Match
	}
	data, err := fs.ReadFile(fsys, profileFile)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return profile{}, err
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return profile{}, fmt.Errorf("%s: %w", profileFile, err)
	}
	return p, p.validate()
}

func (p profile) validate() error {
	for _, t := range []struct {
		field string
		value float64
	}{{"duplicate", p.Thresholds.Duplicate}, {"match", p.Thresholds.Match}} {
		if t.value < -1 || t.value > 1 {
			return fmt.Errorf("%s: thresholds.%s is %v; want a cosine, -1 to 1", profileFile, t.field, t.value)
		}
	}
	if p.LogitScale <= 0 || p.LogitScale > 10000 {
		return fmt.Errorf("%s: logit_scale is %v; want more than 0", profileFile, p.LogitScale)
	}
	return nil
}

package catalog

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/clipd/clipd/space/store"
)

// Settings of a collection, kept with it. The zero value works.
type Settings struct {
	DuplicateDistance int     `json:"duplicate_distance,omitempty"` // Hamming distance of 256; 0: package dedup's default
	DuplicateCosine   float64 `json:"duplicate_cosine,omitempty"`   // 0: Options.DuplicateCosine
}

func writeSettings(ctx context.Context, s *store.Store, settings Settings) error {
	text, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return s.SetSettings(ctx, text)
}

func readSettings(ctx context.Context, s *store.Store) (Settings, error) {
	var settings Settings
	text, err := s.Settings(ctx)
	if err != nil || text == nil {
		return settings, err
	}
	if err := json.Unmarshal(text, &settings); err != nil {
		return settings, fmt.Errorf("settings: %w: %w", store.ErrDamaged, err)
	}
	return settings, nil
}

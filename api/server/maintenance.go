package server

import (
	"context"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space/catalog"
)

// check answers POST …/check: every checksum, and whether the indexes agree with the store.
func (s *Server) check(c echo.Context) error {
	of, name, err := s.find(c)
	if err != nil {
		return err
	}
	return stream(s, c, func(ctx context.Context, progress catalog.Progress) (api.CheckReport, error) {
		begun := time.Now()
		description, err := of.Describe(ctx)
		if err != nil {
			return api.CheckReport{}, err
		}
		report, err := of.Check(ctx, progress)
		if err != nil {
			return api.CheckReport{}, err
		}
		out := wireCheck(report)
		out.Collection, out.Fingerprint, out.Seconds = name, description.Fingerprint, time.Since(begun).Seconds()
		return out, nil
	})
}

func wireCheck(r catalog.CheckReport) api.CheckReport {
	out := api.CheckReport{
		Items: r.Items, Texts: r.Texts, Images: r.Images, Vectors: r.Vectors, Thumbnails: r.Thumbnails, Files: r.Files,
		Changes: r.Changes, Decisions: r.Decisions, InVectors: r.InVectors, InWords: r.InWords,
		Faulty: r.Faulty + r.IndexFaulty, Faults: []api.CheckFault{},
	}
	for _, f := range r.Faults {
		out.Faults = append(out.Faults, api.CheckFault{Part: "store", Key: printable(f.Key), Message: f.Err.Error()})
	}
	for _, f := range r.IndexFaults {
		out.Faults = append(out.Faults, api.CheckFault{Part: f.Index, Key: f.ID, Message: f.Says})
	}
	return out
}

// printable escapes what JSON cannot carry: keys may be any bytes.
func printable(key string) string {
	quoted := strconv.Quote(key)
	return quoted[1 : len(quoted)-1]
}

// rebuild answers POST …/rebuild: all indexes anew from the store.
func (s *Server) rebuild(c echo.Context) error {
	of, name, err := s.find(c)
	if err != nil {
		return err
	}
	return stream(s, c, func(ctx context.Context, progress catalog.Progress) (api.RebuildReport, error) {
		begun := time.Now()
		if err := of.Rebuild(ctx, progress); err != nil {
			return api.RebuildReport{}, err
		}
		description, err := of.Describe(ctx)
		return api.RebuildReport{Collection: name, Items: description.Items, Seconds: time.Since(begun).Seconds()}, err
	})
}

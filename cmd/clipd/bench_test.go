package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"image/jpeg"
	"io"
	"strings"
	"testing"
	"time"
)

func TestBenchPhotosAreAsLargeAsPhotographs(t *testing.T) {
	photos, err := benchPhotos(size{640, 480}, 2)
	if err != nil {
		t.Fatal(err)
	}
	again, err := benchPhotos(size{640, 480}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(photos[0], photos[1]) || !bytes.Equal(photos[0], again[0]) {
		t.Error("want another photo of each seed, and the same one of the same")
	}
	for _, photo := range photos {
		config, err := jpeg.DecodeConfig(bytes.NewReader(photo))
		if err != nil || config.Width != 640 || config.Height != 480 {
			t.Errorf("got %+v, %v", config, err)
		}
		if len(photo) < 40_000 || len(photo) > 120_000 {
			t.Errorf("%d bytes; want as many as a photograph has, 40,000 to 120,000", len(photo))
		}
	}
}

func TestSteadyCountsWhatEndsInTheWindow(t *testing.T) {
	const callers, units = 3, 5
	w, err := steady(t.Context(), callers, units, 50*time.Millisecond, func(ctx context.Context, i int) error {
		sleep(ctx, time.Millisecond)
		return ctx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.count == 0 || w.count != units*len(w.took) || w.elapsed < 50*time.Millisecond || w.rate() <= 0 {
		t.Errorf("got %d units of %d requests in %s", w.count, len(w.took), w.elapsed)
	}
}

func TestSteadyFailsWithTheWork(t *testing.T) {
	broken := errors.New("broken")
	if _, err := steady(t.Context(), 2, 1, time.Minute, func(context.Context, int) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want the work's error", err)
	}
}

func TestSizesAreChecked(t *testing.T) {
	for _, text := range []string{"640", "x", "0x5", "-1x2", "99999x99999", "9223372036854775807x2"} {
		f := encodeFlags{benchFlags{seconds: 1, callers: 1}, 1, []string{text}, 1}
		if _, err := f.check(); err == nil {
			t.Errorf("%q is taken for a size", text)
		}
	}
}

func TestSoakIsJudgedByItsSecondAndLastFifth(t *testing.T) {
	for _, test := range []struct {
		rss    []int64
		growth float64
		flat   bool
	}{
		// The warm-up's rise and a peak of one moment decide nothing; a steady rise does.
		{[]int64{10, 50, 90, 90, 100, 100, 200, 100, 100, 100, 100, 100, 105, 500, 105}, 1.05, true},
		{[]int64{100, 100, 100, 100, 100, 101, 102, 103, 104, 105, 106, 106, 106, 107, 108}, 1.07, false},
		{[]int64{300, 300, 300, 100, 100, 100, 100, 100, 100, 100, 100, 100, 106, 106, 80}, 1.06, false},
	} {
		r := soakReport{RSS: test.rss}
		if r.judge(); r.Growth != test.growth || r.Flat != test.flat {
			t.Errorf("%v: growth %g, flat %v; want %g, %v", test.rss, r.Growth, r.Flat, test.growth, test.flat)
		}
	}
}

func TestPlotIsWellFormed(t *testing.T) {
	report := encodeReport{CPU: "a <fast> & small one", Date: "2026-11-25", Images: []imageResult{{Name: "JPEG 640×480", Rate: 30, Ratio: 0.97, Raw: rawResult{Rate: 31}}}}
	svg := plotEncode([]encodeReport{report, report})
	var bars, texts int
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		if element, ok := token.(xml.StartElement); ok {
			switch element.Name.Local {
			case "rect":
				bars++
			case "text":
				texts++
			}
		}
	}
	if bars != 1+4 || texts != 2+2*3 {
		t.Errorf("%d bars and %d texts in %s", bars, texts, svg)
	}
}

package api

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestComponentsOnTheWire(t *testing.T) {
	c := Components{1, -0.5, float32(math.Copysign(0, -1)), math.MaxFloat32}
	data, err := json.Marshal(c)
	if err != nil || data[0] != '"' {
		t.Fatalf("%s, %v", data, err)
	}
	var back Components
	if err := json.Unmarshal(data, &back); err != nil || !slices.Equal(back, c) || !math.Signbit(float64(back[2])) {
		t.Errorf("%v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`[1, 2.5]`), &back); err != nil || !slices.Equal(back, Components{1, 2.5}) {
		t.Errorf("numbers: %v, %v", back, err)
	}
	for _, bad := range []string{`"AAA="`, `"!"`, `{}`, `["x"]`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s is read as %v", bad, back)
		}
	}
}

func TestAnExportThatIsCutOff(t *testing.T) {
	for text, says := range map[string]string{
		"":                                   "cut off",
		`{"header":{"version":1}}`:           "cut off",
		`{"header"`:                          "read the export",
		`{"error":{"message":"disk full"}}`:  "disk full",
		`{"end":{"items":0,"decisions":0}}x`: "read the export",
	} {
		err := readTransfer(strings.NewReader(text), func(TransferLine) error { return nil })
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want %s", text, err, says)
		}
	}
}

// FuzzTransferLine: a line that is read is written and read again as it is.
func FuzzTransferLine(f *testing.F) {
	f.Add([]byte(`{"item":{"id":"a","kind":"image","vector":"AACAPw==","thumbnail":"/9j/","file":{"bytes":1},"picture":{"format":"png","width":1,"height":1,"bytes":3}}}`))
	f.Add([]byte(`{"header":{"version":1,"fingerprint":{"model":"m","digest":"d","dim":3}}}`))
	f.Add([]byte(`{"decision":{"key":"k","verdict":"v","made":"2026-01-01T00:00:00Z"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var line TransferLine
		if json.Unmarshal(data, &line) != nil {
			return
		}
		once, err := json.Marshal(line)
		if err != nil {
			return // a time beyond the year 9999
		}
		var again TransferLine
		if err := json.Unmarshal(once, &again); err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice, err := json.Marshal(again); err != nil || string(twice) != string(once) {
			t.Fatalf("%s became %s, %v", once, twice, err)
		}
	})
}

// FuzzStream: no bytes make the reader of streamed answers panic.
func FuzzStream(f *testing.F) {
	f.Add(`{"progress":{"stage":"x","done":1,"total":2}}` + "\n" + `{"result":{"items":1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = readStream[CheckReport](strings.NewReader(text), func(Progress) {}) // any error is right
	})
}

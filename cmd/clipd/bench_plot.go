package main

import (
	"encoding/json"
	"fmt"
	"html"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) benchPlotCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "plot REPORT.json…",
		Short: "Draw reports of bench encode as an SVG",
		Long: `Plot reads what "bench encode --json" wrote and writes an SVG to standard output: images a second over HTTP beside the
bare session, of each report and size.`,
		Example: "  clipd bench plot fp32.json quantized.json > encode.svg",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var reports []encodeReport
			for _, name := range args {
				data, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				var report encodeReport
				if err := json.Unmarshal(data, &report); err != nil || len(report.Images) == 0 {
					return usagef("%s: want a report of 'clipd bench encode --json' with images: %v", name, err)
				}
				reports = append(reports, report)
			}
			_, err := fmt.Fprint(a.out, plotEncode(reports))
			return err
		},
	}
}

// Measures of the plot, in pixels.
const (
	barsWidth, barsLeft, barsRight = 820, 250, 140
	barsHeight, barsGap, barsHead  = 18, 16, 58
)

// plotEncode draws two bars for each size of each report.
func plotEncode(reports []encodeReport) string {
	most, rows := 1.0, 0
	for _, r := range reports {
		for _, image := range r.Images {
			most = max(most, image.Rate, image.Raw.Rate)
			rows++
		}
	}
	height := barsHead + rows*(2*barsHeight+barsGap)
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", barsWidth, height, barsWidth, height)
	fmt.Fprintf(&svg, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", barsWidth, height)
	label := func(x, y int, anchor, weight, text string) {
		fmt.Fprintf(&svg, `<text x="%d" y="%d" text-anchor="%s" font-weight="%s" fill="#222">%s</text>`+"\n", x, y, anchor, weight, html.EscapeString(text))
	}
	label(12, 22, "start", "bold", "Images a second over HTTP, and of the bare session")
	label(12, 42, "start", "normal", fmt.Sprintf("%s, %s", reports[0].CPU, reports[0].Date))
	bar := func(y int, rate float64, colour, text string) {
		width := rate / most * float64(barsWidth-barsLeft-barsRight)
		fmt.Fprintf(&svg, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", barsLeft, y, width, barsHeight-2, colour)
		label(barsLeft+int(width)+6, y+barsHeight-5, "start", "normal", text)
	}
	y := barsHead
	for _, r := range reports {
		graphs := "fp32"
		if r.Variant != "" {
			graphs = r.Variant
		}
		for _, image := range r.Images {
			label(barsLeft-10, y+barsHeight+4, "end", "normal", image.Name+", "+graphs)
			bar(y, image.Rate, "#2a7f62", fmt.Sprintf("%.1f HTTP, × %.2f", image.Rate, image.Ratio))
			bar(y+barsHeight, image.Raw.Rate, "#b8c4bf", fmt.Sprintf("%.1f session", image.Raw.Rate))
			y += 2*barsHeight + barsGap
		}
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/internal/ort"
)

// grade is the outcome of a check.
type grade string

const (
	gradeOK   grade = "ok"
	gradeWarn grade = "warn"
	gradeFail grade = "fail"
)

// check is one thing that doctor looked at.
type check struct {
	Name   string `json:"name"`
	Grade  grade  `json:"grade"`
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"`
}

// diagnosis is what doctor answers.
type diagnosis struct {
	Checks []check     `json:"checks"`
	Status *api.Status `json:"status,omitempty"` // of the server, or of this process
}

func (d *diagnosis) add(name string, g grade, found, remedy string) {
	d.Checks = append(d.Checks, check{name, g, found, remedy})
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check the installation: libraries, model, collections, disk",
		Long: `Doctor looks at everything that clipd needs and says of each whether it is well, and if not, what to do.
Exit status: 0 when nothing failed, else 1.`,
		Example: "  clipd doctor\n  clipd doctor --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := a.diagnose(cmd.Context())
			if err := a.printDiagnosis(d); err != nil {
				return err
			}
			for _, c := range d.Checks {
				if c.Grade == gradeFail {
					return &failure{status: exitFailed, said: true, err: errors.New("a check failed")}
				}
			}
			return nil
		},
	}
}

func (a *app) diagnose(ctx context.Context) *diagnosis {
	d := &diagnosis{}
	b := readBuild()
	d.add("clipd", gradeOK, fmt.Sprintf("%s, %s, %s", b.Version, b.Go, b.Platform), "")
	if a.settings.server == "" {
		a.checkData(d)
		a.checkServerFile(ctx, d)
	}
	c, err := a.connect(ctx)
	if err != nil {
		a.explainUnopened(d, err)
		return d
	}
	a.checkRunning(ctx, d, c)
	if err := c.close(); err != nil {
		d.add("closing", gradeFail, plain(err), "look for what else uses the data directory")
	}
	return d
}

// freeWarning is the free space below which doctor warns.
const freeWarning = 1 << 30

func (a *app) checkData(d *diagnosis) {
	dir := a.settings.data
	if err := os.MkdirAll(dir, 0o755); err != nil {
		d.add("data directory", gradeFail, plain(err), "name another with --data")
		return
	}
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		d.add("data directory", gradeFail, plain(err), "make it writable, or name another with --data")
		return
	}
	err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	if err != nil {
		d.add("data directory", gradeWarn, plain(err), "look at its permissions")
		return
	}
	d.add("data directory", gradeOK, dir, "")
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		d.add("free disk", gradeWarn, plain(err), "")
		return
	}
	free := sizeValue(int64(disk.Bavail) * int64(disk.Bsize))
	if free < freeWarning {
		d.add("free disk", gradeWarn, free.String(), "make room: an index needs about 10 kB for each image")
		return
	}
	d.add("free disk", gradeOK, free.String(), "")
}

func (a *app) checkServerFile(ctx context.Context, d *diagnosis) {
	file, err := readServerFile(a.settings.data)
	if errors.Is(err, fs.ErrNotExist) {
		d.add("server", gradeOK, "none runs on this data directory; commands work by themselves", "")
		return
	}
	if err != nil {
		d.add("server", gradeWarn, "server.json: "+plain(err), "remove "+serverFilePath(a.settings.data))
		return
	}
	if c, running := a.runningServer(ctx); running {
		d.add("server", gradeOK, fmt.Sprintf("%s (process %d)", c.place, file.PID), "")
		return
	}
	d.add("server", gradeWarn, fmt.Sprintf("server.json names %s (process %d), which does not answer", file.URL, file.PID),
		"nothing, if it was killed: the next server replaces the file")
}

// explainUnopened tells which part it was that could not be opened.
func (a *app) explainUnopened(d *diagnosis, err error) {
	if a.settings.server != "" {
		d.add("server", gradeFail, plain(err), "start one with 'clipd serve', or correct --server")
		return
	}
	runtime, ortErr := ort.Open(ort.Options{Library: a.settings.ortLib})
	if ortErr != nil {
		found, remedy, _ := strings.Cut(plain(ortErr), "; ")
		d.add("ONNX Runtime", gradeFail, found, remedy)
		return
	}
	d.add("ONNX Runtime", gradeOK, runtime.Version()+", "+runtime.Path(), "")
	d.add("opening", gradeFail, plain(err), "do what the message says; 'clipd models list' shows the models")
}

// checkRunning asks the API about itself.
func (a *app) checkRunning(ctx context.Context, d *diagnosis, c *connection) {
	status, err := c.Status(ctx)
	if err != nil {
		d.add("status", gradeFail, plain(err), "look into the server's log")
		return
	}
	d.Status = &status
	d.add("ONNX Runtime", gradeOK, status.ONNXRuntime+", "+status.Library, "")
	a.checkProviders(d, c)
	m := status.Model
	d.add("model", gradeOK, fmt.Sprintf("%s, %d dimensions, context of %d tokens", m.Fingerprint, m.Fingerprint.Dim, m.ContextLength), "")
	checkEncoding(ctx, d, c)
	if status.SIMD == "plain" {
		d.add("SIMD", gradeWarn, "plain Go kernels", "searching is slower; there are kernels for AVX2 and AVX-512")
	} else {
		d.add("SIMD", gradeOK, status.SIMD, "")
	}
	d.add("threads", gradeOK, fmt.Sprint(status.Threads), "")
	size := sizeValue(status.RSS)
	d.add("memory", gradeOK, size.String(), "")
	checkCollections(d, status)
}

// checkProviders says which execution providers the library of this process can use, and which one it does.
func (a *app) checkProviders(d *diagnosis, c *connection) {
	if !c.local {
		return
	}
	runtime, err := ort.Open(ort.Options{Library: a.settings.ortLib})
	if err != nil {
		return // it was opened before
	}
	used := strings.ToLower(a.settings.provider)
	if used == "" {
		used = ort.CPU
	}
	d.add("execution provider", gradeOK, fmt.Sprintf("%s; the library has %s", used, strings.Join(runtime.Providers(), ", ")), "")
}

// checkEncoding embeds a sentence: the whole way from text to vector.
func checkEncoding(ctx context.Context, d *diagnosis, c *connection) {
	start := time.Now()
	answer, err := c.Embeddings(ctx, api.EmbeddingsRequest{Input: api.EmbeddingsInput{{Text: "a photo of a cat"}}})
	if err != nil || len(answer.Data) != 1 {
		d.add("encoding", gradeFail, plain(errors.Join(errors.New("a sentence was not encoded"), err)), "check the model's files, or take --model starter")
		return
	}
	d.add("encoding", gradeOK, fmt.Sprintf("a sentence in %.1f ms", milliseconds(time.Since(start))), "")
}

func checkCollections(d *diagnosis, status api.Status) {
	if len(status.Collections)+len(status.Broken) == 0 {
		d.add("collections", gradeOK, "none yet; make one with 'clipd index DIR' or 'clipd demo'", "")
	}
	for _, collection := range status.Collections {
		size := sizeValue(collection.Bytes)
		d.add("collection "+collection.Name, gradeOK,
			fmt.Sprintf("%d images, %d texts, %v, %s search", collection.Images, collection.Texts, &size, collection.Tier), "")
	}
	for _, broken := range status.Broken {
		d.add("collection "+broken.Name, gradeFail, broken.Error.Message, "start clipd with the model that made it, or delete it: clipd collections delete "+broken.Name)
	}
}

func (a *app) printDiagnosis(d *diagnosis) error {
	if a.json {
		return a.writeJSON(d)
	}
	colours := map[grade]color.Attribute{gradeOK: color.FgGreen, gradeWarn: color.FgYellow, gradeFail: color.FgRed}
	var rows [][]string
	for _, c := range d.Checks {
		rows = append(rows, []string{a.paint(string(c.Grade), colours[c.Grade]), c.Name, c.Found})
		if c.Remedy != "" {
			rows = append(rows, []string{"", "", "→ " + c.Remedy})
		}
	}
	if err := a.table([]column{{title: ""}, {title: "check"}, {title: "found"}}, rows); err != nil {
		return err
	}
	if d.Status != nil && d.Status.Model.ID == starterName {
		a.note("%s", starterLine)
	}
	return nil
}

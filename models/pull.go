package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/textenc"
)

// DefaultEndpoint is the public Hugging Face hub.
const DefaultEndpoint = "https://huggingface.co"

// PullOptions say where Pull brings a model from. The zero value works for public models.
type PullOptions struct {
	Endpoint string              // a hub, as HF_ENDPOINT; empty: DefaultEndpoint
	Token    string              // as HF_TOKEN; sent to the endpoint only
	Variant  string              // of the graphs, one of Variants; empty: the most exact that is there
	Client   *http.Client        // nil: http.DefaultClient, which obeys the proxy variables
	Progress func(PullProgress)  // called from several goroutines, one at a time; nil: nobody is told
	wait     func(time.Duration) // between tries; tests don't wait
	stall    time.Duration       // until a silent connection counts as broken; 0: stallTime
}

// PullProgress is how far a pull is.
type PullProgress struct {
	File  string // the one that went on
	Done  int64  // bytes of all files
	Total int64
}

// pulledFile records in a pulled folder where it came from.
const pulledFile = "clipd-pull.json"

// pulled is the content of pulledFile.
type pulled struct {
	Repo     string `json:"repo"`
	Commit   string `json:"commit"`
	Variant  string `json:"variant,omitempty"`
	Endpoint string `json:"endpoint"`
}

// Pull brings a model from a Hugging Face hub into modelsDir/owner/name: name is "owner/name", "owner/name@revision"
// or a known model's short name. Only the files that clipd needs are taken, of one commit. Each is checked against the
// hub's SHA-256 (or git hash). What a broken pull left is taken up by the next one; the folder appears when all is
// there and the model's files can be read, replacing an older one. A pull of what is there already does nothing.
// It fails with ErrNoModel, ErrLayout, ErrSpec of textenc or preprocess, or what the network says.
func Pull(ctx context.Context, modelsDir, name string, opts PullOptions) (Folder, error) {
	repo, revision, err := parseRepo(name)
	if err != nil {
		return Folder{}, fmt.Errorf("pull: %w", err)
	}
	p := &puller{hub: newHub(repo, opts), modelsDir: modelsDir, opts: opts}
	folder, err := p.pull(ctx, revision)
	if err != nil {
		return Folder{}, fmt.Errorf("pull %s: %w", repo, err)
	}
	return folder, nil
}

var repoPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)

// parseRepo splits "owner/name@revision"; the revision is "main" where none is given.
func parseRepo(name string) (repo, revision string, err error) {
	repo, revision, _ = strings.Cut(name, "@")
	if known, ok := Known(repo); ok {
		repo = known.Repo
	}
	if revision == "" {
		revision = "main"
	}
	if !repoPattern.MatchString(repo) || strings.Contains(repo, "..") {
		return "", "", fmt.Errorf("%w: %q: want owner/name, as %s", ErrNoModel, name, known[0].Repo)
	}
	return repo, revision, nil
}

type puller struct {
	hub       *hub
	modelsDir string
	opts      PullOptions

	mu    sync.Mutex // guards done
	done  int64
	total int64
}

func (p *puller) pull(ctx context.Context, revision string) (Folder, error) {
	commit, err := p.hub.commit(ctx, revision)
	if err != nil {
		return Folder{}, err
	}
	all, err := p.hub.tree(ctx, commit)
	if err != nil {
		return Folder{}, err
	}
	files, l, err := p.choose(all)
	if err != nil {
		return Folder{}, err
	}
	record := pulled{Repo: p.hub.repo, Commit: commit, Variant: l.variant, Endpoint: p.hub.endpoint}
	target := filepath.Join(p.modelsDir, filepath.FromSlash(p.hub.repo))
	folder := Folder{Name: p.hub.repo, FS: os.DirFS(target), Dir: target}
	if isPulled(target, record) {
		return folder, nil
	}
	staging := filepath.Join(p.modelsDir, ".pull", strings.ReplaceAll(p.hub.repo, "/", "--")+"-"+commit)
	unlock, err := lockFolder(staging + ".lock")
	if err != nil {
		return Folder{}, err
	}
	defer unlock()
	if isPulled(target, record) { // by the one that held the lock
		return folder, nil
	}
	if err := p.fetch(ctx, staging, commit, files); err != nil {
		return Folder{}, err
	}
	if err := p.fetchNamed(ctx, staging, commit, l, all, files); err != nil {
		return Folder{}, err
	}
	if err := checkSpecs(staging, l); err != nil {
		return Folder{}, err
	}
	if err := install(staging, target, record); err != nil {
		return Folder{}, err
	}
	return folder, nil
}

// choose picks the files that the model needs.
func (p *puller) choose(all []hubFile) ([]hubFile, layout, error) {
	var names []string
	for _, f := range all {
		names = append(names, f.Path)
	}
	l, err := findLayout(func(name string) bool { return slices.Contains(names, name) }, p.opts.Variant)
	if err != nil {
		return nil, layout{}, err
	}
	needed := append(modelFiles(names, l, nil), profileFile, goldenFile)
	var files []hubFile
	for _, f := range all {
		if slices.Contains(needed, f.Path) {
			files = append(files, f)
			p.total += f.size()
		}
	}
	return files, l, nil
}

// isPulled says whether the folder holds that very commit and variant.
func isPulled(dir string, want pulled) bool {
	data, err := os.ReadFile(filepath.Join(dir, pulledFile))
	if err != nil {
		return false
	}
	var have pulled
	return json.Unmarshal(data, &have) == nil && have == want
}

// parallelFiles is how many files come at the same time; a model has two large ones.
const parallelFiles = 4

func (p *puller) fetch(ctx context.Context, staging, commit string, files []hubFile) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelFiles)
	for _, file := range files {
		group.Go(func() error {
			d := download{hub: p.hub, commit: commit, file: file, path: filepath.Join(staging, filepath.FromSlash(file.Path)), told: p.told}
			if err := d.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", file.Path, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// fetchNamed brings what only other files name: weights that lie beside the graphs under names of their own, and the
// pictures of the model's golden.
func (p *puller) fetchNamed(ctx context.Context, staging, commit string, l layout, all, have []hubFile) error {
	names, err := externalWeights(staging, l)
	if err != nil {
		return err
	}
	pictures, err := goldenPictures(os.DirFS(staging))
	if err != nil {
		return err
	}
	var missing []hubFile
	for _, name := range slices.Concat(names, pictures) {
		named := func(f hubFile) bool { return f.Path == name }
		if slices.ContainsFunc(have, named) || slices.ContainsFunc(missing, named) {
			continue
		}
		at := slices.IndexFunc(all, named)
		if at < 0 {
			return fmt.Errorf("%w: another file names %s, which the repository lacks", ErrLayout, name)
		}
		missing = append(missing, all[at])
		p.total += all[at].size()
	}
	return p.fetch(ctx, staging, commit, missing)
}

// told adds up what came (or, negative, was thrown away) and passes it on.
func (p *puller) told(file string, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if p.opts.Progress != nil {
		p.opts.Progress(PullProgress{File: file, Done: p.done, Total: p.total})
	}
}

// checkSpecs reads what says how the towers are fed, so that a model which can't work isn't installed.
func checkSpecs(dir string, l layout) error {
	fsys := os.DirFS(dir)
	if l.text != "" {
		if _, err := textenc.ReadSpec(side(fsys, l.textDir)); err != nil {
			return err
		}
	}
	if l.vision != "" {
		if _, err := preprocess.ReadSpec(side(fsys, l.visionDir)); err != nil {
			return err
		}
	}
	return nil
}

// install puts a complete staging folder in its place. An older model stands aside until the new one is there.
func install(staging, target string, record pulled) error {
	data, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	if err := writeAtomically(filepath.Join(staging, pulledFile), append(data, '\n')); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	aside := staging + ".old"
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	if err := os.Rename(target, aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(staging, target); err != nil {
		return errors.Join(err, os.Rename(aside, target))
	}
	return os.RemoveAll(aside)
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/keep"
)

// keepPolicy is what --keep-policy and --prefer-folder say; nil where both are absent.
func keepPolicy(file string, folders []string) (*space.KeepPolicy, error) {
	if file == "" && len(folders) == 0 {
		return nil, nil
	}
	policy, err := readPolicy(file)
	if err != nil {
		return nil, err
	}
	if policy.Folders, err = allAbsolute(append(folders, policy.Folders...)); err != nil {
		return nil, err
	}
	return &policy, nil
}

// readPolicy reads a policy file, if one is named. What it does not know is an error, so that a misspelt rule is not passed
// over.
func readPolicy(file string) (policy space.KeepPolicy, err error) {
	if file == "" {
		return policy, nil
	}
	content, err := os.Open(file)
	if err != nil {
		return policy, fmt.Errorf("--keep-policy: %w", err)
	}
	defer content.Close()
	decoder := yaml.NewDecoder(content)
	decoder.KnownFields(true)
	if err := decoder.Decode(&policy); err != nil && !errors.Is(err, io.EOF) {
		return policy, usagef("--keep-policy %s: %v", file, err)
	}
	if policy.Folders, err = allAbsolute(policy.Folders); err != nil {
		return policy, err
	}
	if _, err := keep.Complete(policy); err != nil {
		return policy, usagef("--keep-policy %s: %v", file, err)
	}
	return policy, nil
}

func allAbsolute(paths []string) ([]string, error) {
	for i, path := range paths {
		var err error
		if paths[i], err = absolute(path); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// absolute is a path in full; "~" is the home directory, in files as in shells.
func absolute(path string) (string, error) {
	if rest, home := strings.CutPrefix(path, "~/"); home || path == "~" {
		dir, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		return filepath.Join(dir, strings.TrimPrefix(rest, "~")), nil
	}
	return filepath.Abs(path)
}

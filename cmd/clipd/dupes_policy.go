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
)

// keepPolicy is what --keep-policy and --prefer-folder say; nil where both are absent.
func keepPolicy(file string, folders []string) (*space.KeepPolicy, error) {
	if file == "" && len(folders) == 0 {
		return nil, nil
	}
	var policy space.KeepPolicy
	if file != "" {
		if err := readPolicy(file, &policy); err != nil {
			return nil, err
		}
	}
	policy.Folders = append(folders, policy.Folders...)
	for i, folder := range policy.Folders {
		var err error
		if policy.Folders[i], err = absolute(folder); err != nil {
			return nil, err
		}
	}
	return &policy, nil
}

// readPolicy reads a policy file; what it does not know is an error, so that a misspelt rule is not passed over.
func readPolicy(file string, policy *space.KeepPolicy) error {
	content, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("--keep-policy: %w", err)
	}
	defer content.Close()
	decoder := yaml.NewDecoder(content)
	decoder.KnownFields(true)
	if err := decoder.Decode(policy); err != nil && !errors.Is(err, io.EOF) {
		return usagef("--keep-policy %s: %v", file, err)
	}
	return nil
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

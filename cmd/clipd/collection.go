package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// The collections that commands take where none is named.
const (
	photosCollection   = "photos"
	demoCollection     = "demo"
	captionsCollection = "demo-captions"
)

// collectionFlag adds --collection to a command.
func (a *app) collectionFlag(cmd *cobra.Command, to *string, usual string) {
	cmd.Flags().StringVarP(to, "collection", "c", "", "collection (default "+usual+")")
}

const usualCollection = `"photos" if there is one, else "demo"`

// chooseCollection returns the named collection, or the usual one, and tells the user which it is.
func (a *app) chooseCollection(ctx context.Context, c *connection, name string) (space.Description, error) {
	list, err := c.Collections(ctx)
	if err != nil {
		return space.Description{}, err
	}
	chosen, err := pickCollection(list, name)
	if err != nil {
		return chosen, err
	}
	a.note("collection %s: %d images, %d texts", chosen.Name, chosen.Images, chosen.Texts)
	return chosen, nil
}

// pickCollection finds the named collection, or without a name the usual one.
func pickCollection(list api.CollectionList, name string) (space.Description, error) {
	candidates := []string{name}
	if name == "" {
		candidates = []string{photosCollection, demoCollection}
	}
	for _, candidate := range candidates {
		for _, d := range list.Collections {
			if d.Name == candidate {
				return d, nil
			}
		}
		for _, broken := range list.Broken {
			if broken.Name == candidate {
				return space.Description{}, fmt.Errorf("collection %s: %s", broken.Name, broken.Error.Message)
			}
		}
	}
	return space.Description{}, noCollection(list, name)
}

// noCollection says what there is instead.
func noCollection(list api.CollectionList, name string) error {
	var names []string
	for _, d := range list.Collections {
		names = append(names, d.Name)
	}
	switch {
	case len(names) == 0 && name == "":
		return errors.New("there is no collection yet; make one with 'clipd index DIR' or 'clipd demo'")
	case len(names) == 0:
		return fmt.Errorf("there is no collection %q, nor any other; make one with 'clipd index DIR -c %s'", name, name)
	case name == "":
		return fmt.Errorf("say which collection: --collection %s", strings.Join(names, ", or "))
	}
	return fmt.Errorf("there is no collection %q; there is %s", name, strings.Join(names, ", "))
}

// ensureCollection makes a collection unless it exists.
func ensureCollection(ctx context.Context, c *connection, name string) error {
	_, err := c.CreateCollection(ctx, api.CreateCollection{Name: name})
	if hasCode(err, api.CodeConflict) {
		return nil
	}
	return err
}

// hasCode says whether the API refused with this code.
func hasCode(err error, code string) bool {
	var refused *api.Error
	return errors.As(err, &refused) && refused.Detail.Code == code
}

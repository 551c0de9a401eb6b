/** What all that is drawn has to know: a subscription each would cost more than drawing them. */
import { createContext } from "react";
import type { Linking } from "../store.ts";

/** What is being linked. */
export const LinkingContext = createContext<Linking | null>(null);
/** How much of an asset can be seen: all, its name, or its name without ports. */
export const FarContext = createContext<"near" | "far" | "bare">("near");
/** What has its name edited on the canvas, by the id under which it is drawn. */
export const RenamingContext = createContext<string | null>(null);
/** The note whose text is being edited. */
export const WritingContext = createContext<string | null>(null);
/** Whether the person may change anything. */
export const CanEditContext = createContext(false);

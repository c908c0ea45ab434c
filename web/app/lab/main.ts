// Draws the scene that the address names: `/?scene=call-5`. Without a name it lists them.

import { mount } from "svelte";
import "../src/tokens.css";
import "../src/base.css";
import Scene from "./Scene.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
mount(Scene, { target, props: { name: new URLSearchParams(location.search).get("scene") ?? "" } });

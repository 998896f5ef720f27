#!/usr/bin/env node
// The one door: plain JavaScript for the Node the machine has, because nothing is installed when it first runs.
import { runCommand } from './launcher/commands.mjs'

process.exitCode = await runCommand(process.argv.slice(2))

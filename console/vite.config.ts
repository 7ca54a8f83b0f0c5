import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The server of `npm start`, for `npm run dev -w console`. */
const developmentServer = 'http://127.0.0.1:5000';

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: 'dist',
    target: 'es2023',
    // The server's policy allows scripts and images from our own origin only: nothing may become a data URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { '/api': developmentServer, '/v2': developmentServer },
  },
});
